"""A plan in words: rows of a label and a value, for a table or plain lines."""

from __future__ import annotations

from redraft.plan.estimate import TrainingPlan
from redraft.plan.hardware import GIB

Row = tuple[str, str]


def plan_rows(plan: TrainingPlan) -> list[Row]:
    """The plan as ``(label, value)``, in the order of reading: model, data, memory, disk, time, what would help."""
    return [*_model(plan), *_data(plan), *_memory(plan), *_time(plan), *_verdict(plan)]


def as_text(plan: TrainingPlan) -> str:
    """The plan as aligned lines."""
    rows = plan_rows(plan)
    width = max(len(label) for label, _ in rows)
    return "\n".join(f"{label:<{width}}  {value}".rstrip() for label, value in rows)


def _model(plan: TrainingPlan) -> list[Row]:
    shape, parts = plan.shape, plan.shape.parameters
    source = "" if shape.counted == "weights" else ", computed from config.json"
    head = "head tied" if shape.tied else f"head {_count(parts.head)}"
    return [
        ("model", f"{shape.name} ({shape.family}), {_count(parts.total)} parameters{source}"),
        (
            "  parts",
            f"vision {_count(parts.vision)}, projector {_count(parts.projector)}, layers {_count(parts.layers)}, "
            f"embeddings {_count(parts.embeddings)}, {head}",
        ),
        ("  trained", f"{_count(plan.trained)} ({plan.trained / parts.total:.1%})"),
    ]


def _data(plan: TrainingPlan) -> list[Row]:
    data, tokens = plan.statistics, plan.tokens
    layout = "one row with two branches" if tokens.layout == "shared_prefix" else "two sequences"
    return [
        (
            "pairs",
            f"{data.pairs}, of which training sees {plan.pairs_seen} ({plan.pairs_seen / data.pairs:.1f} epochs)",
        ),
        (
            "  lengths",
            f"prompt {data.prompt_tokens:.0f} tokens, image's {data.image_tokens:.0f} among them; "
            f"response {data.response_tokens:.0f}, at most {data.longest_response}; "
            f"common prefix {data.common_prefix_tokens:.0f}",
        ),
        (
            "  tokens a pair",
            f"{tokens.per_pair:.0f} as {layout} (two sequences {tokens.two_sequences:.0f}, shared {tokens.shared:.0f})",
        ),
    ]


def _memory(plan: TrainingPlan) -> list[Row]:
    memory, disk = plan.memory, plan.disk
    limit = "" if plan.device.memory is None else f" of {_gib(plan.device.memory)}"
    parts = {
        "weights": memory.weights,
        "gradients": memory.gradients,
        "optimiser": memory.optimizer,
        "activations": memory.activations,
        "communication": memory.communication,
        "update": memory.update,
        "image features": memory.features,
        "overhead": memory.overhead,
    }
    rows = [("memory a worker", f"{_gib(memory.total)}{limit} on {plan.workers} x {plan.device.kind}")]
    rows += [(f"  {name}", _gib(size)) for name, size in parts.items() if size]
    if plan.host is not None:
        host = plan.host
        whole = "" if plan.machine is None else f" of {_gib(plan.machine)}"
        rows.append(
            (
                "main memory",
                f"{_gib(host.total * plan.workers_per_machine)}{whole} for {plan.workers_per_machine} workers; each: "
                f"process {_gib(host.process)}, features {_gib(host.features)}, offloaded {_gib(host.offloaded)}, "
                f"loading {_gib(host.loading)}",
            )
        )
    rows.append(("disk", f"{_gib(disk.peak)} (a checkpoint {_gib(disk.resumable)}, the policy {_gib(disk.policy)})"))
    return rows


def _time(plan: TrainingPlan) -> list[Row]:
    flops = plan.flops_per_pair
    rows = [
        (
            "operations a pair",
            f"{_flops(flops.total)} (language {_flops(flops.language)}, attention {_flops(flops.attention)}, "
            f"head {_flops(flops.head)}, vision {_flops(flops.vision)}); "
            f"in all {_flops(flops.total * plan.pairs_seen)}",
        )
    ]
    if plan.seconds is not None and plan.device.tflops is not None:
        rows.append(
            (
                "time",
                f"{_duration(plan.seconds)}, assuming {plan.mfu:.0%} of the peak, "
                f"{plan.workers} x {plan.device.tflops:.0f} TFLOP/s",
            )
        )
    return rows


def _verdict(plan: TrainingPlan) -> list[Row]:
    words = {True: "yes", False: "no", None: "not known"}
    rows = [("fits", words[plan.fits])]
    for suggestion in plan.suggestions:
        verdict = "and fits" if suggestion.fits else "and does not fit yet"
        rows.append(("  would help", f"{suggestion.knob}: saves {_gib(suggestion.saves)} a worker, {verdict}"))
    if plan.fits is False and not (plan.suggestions and plan.suggestions[-1].fits):
        rows.append(("", "no setting of train makes it fit: use a smaller model or more memory"))
    return rows + [("note", note) for note in plan.notes]


def _gib(size: int) -> str:
    if abs(size) < 10 * 2**20:
        return f"{size / 2**20:.1f} MiB"
    return f"{size / GIB:.1f} GiB" if abs(size) >= GIB / 10 else f"{size / 2**20:.0f} MiB"


def _count(number: int) -> str:
    for unit, size in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.2f} {unit}"
    return str(number)


def _flops(number: float) -> str:
    for unit, size in (("EFLOP", 1e18), ("PFLOP", 1e15), ("TFLOP", 1e12), ("GFLOP", 1e9)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number / 1e6:.1f} MFLOP"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
