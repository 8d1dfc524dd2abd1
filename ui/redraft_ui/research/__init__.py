"""What researchers watch: the loop, the curves, the policies, the data, the people."""
