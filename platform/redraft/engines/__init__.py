"""Sampling engines: k responses to a picture and a prompt, with what the policy thought while it wrote them.

    SampleRequest ──► SamplingEngine.sample ──► Sampled: the version that answered, k generations
                       ├── LocalEngine      a checkpoint in this process
                       ├── RemoteEngine     an OpenAI-compatible server with log-probabilities
                       └── ScriptedEngine   their twin in memory

One contract suite holds all three to the same promises. Importing this imports neither torch nor the client.
"""

from redraft.engines.protocol import Sampled, SampleRequest, SamplingEngine
from redraft.engines.scripted import ScriptedEngine
from redraft.generation import Generation, GenerationSettings

__all__ = ["Generation", "GenerationSettings", "SampleRequest", "Sampled", "SamplingEngine", "ScriptedEngine"]
