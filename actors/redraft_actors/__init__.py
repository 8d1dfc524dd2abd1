"""Ray runs what redraft decides: sampling, datasets, training, evaluation, serving, the loop and its command line."""
