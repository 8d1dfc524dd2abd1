"""The language model's shape, from its section of a ``config.json``."""

from __future__ import annotations

from dataclasses import dataclass

from redraft.errors import PolicyError
from redraft.plan.config_file import ConfigFile
from redraft.records import Record


class Linear(Record):
    """Linear layers of one name, one in every decoder layer: ``[inputs] -> [outputs]``."""

    name: str
    inputs: int
    outputs: int
    layers: int

    @property
    def weights(self) -> int:
        """Entries of all their matrices."""
        return self.inputs * self.outputs * self.layers


class DecoderShape(Record):
    """A stack of Llama-like decoder layers: attention, a gated feed-forward, root-mean-square norms.

    ``norms`` counts the norms over the hidden size in a layer; ``head_norms`` says that queries and keys are normed as
    well. ``biases`` counts the entries of all biases in a layer. ``window`` is how far back sliding layers look, in
    tokens; None where no layer slides.
    """

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    norms: int
    head_norms: bool
    biases: int
    window: int | None

    @property
    def attention(self) -> int:
        """Width of all queries together."""
        return self.heads * self.head_dim

    @property
    def linears(self) -> tuple[Linear, ...]:
        """What multiplies matrices in the layers."""
        keys = self.kv_heads * self.head_dim
        sizes = {
            "q_proj": (self.hidden, self.attention),
            "k_proj": (self.hidden, keys),
            "v_proj": (self.hidden, keys),
            "o_proj": (self.attention, self.hidden),
            "gate_proj": (self.hidden, self.intermediate),
            "up_proj": (self.hidden, self.intermediate),
            "down_proj": (self.intermediate, self.hidden),
        }
        return tuple(Linear(name=n, inputs=i, outputs=o, layers=self.layers) for n, (i, o) in sizes.items())

    @property
    def matrices(self) -> int:
        """Entries of all layers' matrices: a token costs twice as many operations forward."""
        return sum(linear.weights for linear in self.linears)

    @property
    def parameters(self) -> int:
        """Of all layers and the last norm, without embeddings and head."""
        norms = self.norms * self.hidden + (2 * self.head_dim if self.head_norms else 0)
        return self.matrices + self.layers * (norms + self.biases) + self.hidden


@dataclass(frozen=True)
class _Kind:
    """What is fixed for a kind of decoder, and what its config class takes for a field that is left out."""

    vocabulary: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int | None
    head_dim: int | None = None
    tied: bool = False
    norms: int = 2
    head_norms: bool = False
    qkv_bias: bool = False
    window: int | None = None


_KINDS: dict[str, _Kind] = {
    "llama": _Kind(32000, 4096, 11008, 32, 32, None),
    "mistral": _Kind(32000, 4096, 14336, 32, 32, 8, window=4096),
    "qwen2": _Kind(151936, 4096, 22016, 32, 32, 32, qkv_bias=True),
    "qwen2_vl_text": _Kind(152064, 8192, 29568, 80, 64, 8, qkv_bias=True),
    "qwen2_5_vl_text": _Kind(152064, 8192, 29568, 80, 64, 8, qkv_bias=True),
    "qwen3": _Kind(151936, 4096, 22016, 32, 32, 32, 128, head_norms=True),
    "qwen3_vl_text": _Kind(151936, 4096, 22016, 32, 32, 32, 128, head_norms=True),
    "gemma": _Kind(256000, 3072, 24576, 28, 16, 16, 256, tied=True),
    "gemma2": _Kind(256000, 2304, 9216, 26, 8, 4, 256, tied=True, norms=4, window=4096),
    "gemma3_text": _Kind(262208, 2304, 9216, 26, 8, 4, 256, tied=True, norms=4, head_norms=True, window=4096),
}


def read_decoder(config: ConfigFile, default_kind: str) -> DecoderShape:
    """The shape in a text section whose ``model_type``, where it names one the plan knows, is among ``DECODERS``.

    Raises:
        PolicyError: if the kind is not known, or a number makes no sense.
    """
    kind = _kind(config, default_kind)
    hidden = config.integer("hidden_size", kind.hidden)
    heads = config.integer("num_attention_heads", kind.heads)
    kv_heads = config.integer("num_key_value_heads", kind.kv_heads or heads)
    head_dim = config.integer("head_dim", kind.head_dim or max(1, hidden // heads))
    intermediate = config.integer("intermediate_size", kind.intermediate)
    queries, keys = heads * head_dim, kv_heads * head_dim
    biases = 0
    if kind.qkv_bias:
        biases += queries + 2 * keys
    elif config.flag("attention_bias", False):
        biases += queries + 2 * keys + hidden
    if config.flag("mlp_bias", False):
        biases += 2 * intermediate + hidden
    return DecoderShape(
        layers=config.integer("num_hidden_layers", kind.layers),
        hidden=hidden,
        intermediate=intermediate,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        vocabulary=config.integer("vocab_size", kind.vocabulary),
        norms=kind.norms,
        head_norms=kind.head_norms,
        biases=biases,
        window=_window(config, kind),
    )


def _window(config: ConfigFile, kind: _Kind) -> int | None:
    # Qwen's files name a window that a flag, off by default, turns on; other kinds have no flag.
    if not config.flag("use_sliding_window", kind.window is not None):
        return None
    return config.optional_integer("sliding_window", kind.window or 4096)


def tied_by_default(config: ConfigFile, default_kind: str) -> bool:
    """Whether a text section of this kind ties the head to the embeddings unless it says otherwise."""
    return _kind(config, default_kind).tied


def _kind(config: ConfigFile, default: str) -> _Kind:
    # Flat files of older releases name the whole model where a text section names its decoder.
    name = config.text("model_type", default)
    name = default if name in ("qwen2_vl", "qwen2_5_vl") else name
    if name not in _KINDS:
        raise PolicyError(
            f"{config.file}: the plan does not know language models of type {name}; it knows {', '.join(_KINDS)}"
        )
    return _KINDS[name]
