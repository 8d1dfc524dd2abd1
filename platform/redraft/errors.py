"""Every mistake Redraft explains instead of crashing on.

    RedraftError                 anything a user can mend; the CLI prints its one sentence and exits with 2
    ├── ConfigError              a config file or an override is wrong
    ├── DataError                an image, a dataset or an uploaded text is wrong
    │   └── EditError            edits do not fit the text that they are about
    ├── PolicyError              a model folder cannot be loaded, or does not fit the data
    ├── TrainingError            a training job cannot go on: its loss is no number, or its workers hang or die
    ├── StorageError             a database or a blob store cannot be reached, read or written
    │   └── Outage               for now: the server is down, the disk is full; it may pass by itself
    ├── WorklistError            an annotator asked for something the worklist cannot give
    │   ├── LeaseLost            the lease ran out or belongs to someone else
    │   └── NotAllowed           the user is unknown, disabled, or lacks the role
    ├── ResourceError            a port, the disk, the memory or the cluster is not as needed
    └── RunError                 a run folder is missing, finished, in use, or of another kind

A bug is none of these: it is allowed to crash with its traceback.
"""

from __future__ import annotations


class RedraftError(Exception):
    """A mistake with one clear sentence: what, where, and how to mend it."""


class ConfigError(RedraftError):
    """A config file or an override is wrong."""


class DataError(RedraftError):
    """An image, a dataset or an uploaded text is wrong."""


class EditError(DataError):
    """Edits do not fit the text that they are about."""


class PolicyError(RedraftError):
    """A model folder cannot be loaded, or does not fit the data."""


class TrainingError(RedraftError):
    """A training job cannot go on: its loss is no number, or its workers hang or die."""


class StorageError(RedraftError):
    """A database or a blob store cannot be reached, read or written."""


class Outage(StorageError):
    """A database or a disk cannot be used for now; whoever can wait tries again."""


class WorklistError(RedraftError):
    """An annotator asked for something the worklist cannot give."""


class LeaseLost(WorklistError):
    """The lease on a task ran out or belongs to someone else."""


class NotAllowed(WorklistError):
    """The user is unknown, disabled, or lacks the role."""


class ResourceError(RedraftError):
    """A port, the disk, the memory or the cluster is not as needed."""


class RunError(RedraftError):
    """A run folder is missing, finished, in use, or of another kind."""
