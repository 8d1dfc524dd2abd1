"""Training in plain torch: the same loop runs alone, under Ray Train with DDP, or with DeepSpeed.

dataset rows ─► encode ─► batches (seeded order) ─► collate ─► step (DDPO) ─► checkpoints ─► exported policy
"""
