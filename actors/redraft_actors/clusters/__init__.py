"""Cluster files, looked at before anything is started and paid for.

ClusterFile.read ─► rules ─► Finding: level, where in the YAML, one sentence with how to mend it

finding.py     what a rule says                  placement.py   does the run's config fit on the nodes
document.py    a file, opened                    storage.py     can all nodes reach what the run keeps
nodes.py       the kinds of node in it           versions.py    Python, Ray and torch, the same everywhere
launcher.py    Ray's own schema, providers       secrets.py     nothing secret in the file
ec2.py         what AWS knows of a node          doors.py       who can reach Ray
manifests.py   Kubernetes                        sizes.py       limits, idle shutdown, spot
reach.py       S3 and database from here         checking.py    all of them
job.py         a run as a Ray job                quotas.py      how many machines AWS allows

Of a Ray that stands:  offered.py  has it room for the run    roll_call.py  does every node see what it needs
"""
