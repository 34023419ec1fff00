"""A GPU that there isn't: tensors that say they lie on one, and refuse to be mixed with others.

Under `Pretend` a tensor moved to 'cuda' stays where it is and computes as ever, but says that it is
on a GPU, and so does whatever is computed from it. An operation on tensors of both kinds fails as
it would on a GPU; so does NumPy on one of them. Numbers, shapes and gradients are real, so that
whole stages run, where PyTorch's `FakeTensorMode` knows shapes alone and has no backward pass.
`num_waits` counts what would have made the host wait for the device.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.weak import WeakIdKeyDictionary

from supernet.rest import Eager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NEEDS_GPU = (
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
)
"""Marks of what can be seen on a GPU alone."""
CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
INDEXED = {"__getitem__", "__setitem__"}
MAY_MIX = {*INDEXED, "copy_", "_has_compatible_shallow_copy_type", "__deepcopy__"}
"""What PyTorch does across devices: indices on the CPU, and copies."""
JOINED = {"stack", "cat", "concat", "concatenate", "hstack", "vstack"}
"""What takes no single number of the CPU's beside tensors on a GPU."""
TO_NUMPY = {"numpy", "__array__"}
WAITS = {"item", "tolist", "__bool__", "__float__", "__int__", "__index__", "nonzero", "equal"}


class Pretend(TorchFunctionMode):
    """Tensors moved to 'cuda' say they lie there."""

    def __init__(self) -> None:
        super().__init__()
        self.there: Any = WeakIdKeyDictionary()  # tensors that say so
        self.num_waits = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run a function of torch's on tensors of one device."""
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        owner = getattr(getattr(func, "__self__", None), "__name__", "")
        if name == "__get__" and owner in ANSWERS:
            return ANSWERS[owner](self.is_there(args[0]))
        if name in {"to", "cpu", "cuda"} and isinstance(args[0], torch.Tensor):
            return self.move(func, name, args, kwargs)
        if name in TO_NUMPY and self.is_there(args[0]):
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        is_there = self.check(name, owner, args, kwargs)
        self.num_waits += is_there and name in WAITS
        if kwargs.get("device") is not None:
            is_there = is_cuda(kwargs["device"])
            kwargs["device"] = CPU
        if is_there and any(isinstance(leaf, torch.Generator) for leaf in tree_leaves(kwargs)):
            raise RuntimeError(f"{name}: Expected a 'cuda' device type for generator")
        out = func(*args, **kwargs)
        if name == "__set__" and owner == "data":
            self.mark(args[0], is_there=self.is_there(args[1]))
        return self.marked(out, is_there=is_there)

    def is_there(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor says that it lies on the GPU."""
        return tensor in self.there

    def check(self, name: str, owner: str, args: Any, kwargs: dict[str, Any]) -> bool:
        """Refuse tensors of both devices; return whether they are on the GPU."""
        every = tensors_in((args, kwargs))
        if name in MAY_MIX or (name == "__set__" and owner != "grad"):
            is_there = self.is_there(every[0])
            index = tensors_in(args[1]) if name in INDEXED else []
            places = {is_there} | {True for t in index if self.is_there(t)}
        else:
            # a single number on the CPU goes with anything, where it is only read
            first = every[:1] if is_in_place(name) else []
            counted = {id(t) for t in (*first, *tensors_in(kwargs.get("out")))}
            is_strict = name in JOINED or name == "__set__"
            places = {
                self.is_there(t)
                for t in every
                if t.dim() or self.is_there(t) or is_strict or id(t) in counted
            }
            is_there = True in places
        if len(places) > 1:
            raise RuntimeError(f"{name}: Expected all tensors to be on the same device")
        return is_there

    def move(self, func: Any, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
        """Move a tensor, or only say so."""
        x, *rest = args
        was_there = self.is_there(x)
        where = {"cpu": "cpu", "cuda": "cuda"}.get(name) or kwargs.get("device")
        kwargs = {key: CPU if key == "device" else value for key, value in kwargs.items()}
        for place, value in enumerate(rest):
            if isinstance(value, torch.Tensor):
                where = CUDA if self.is_there(value) else CPU
            elif isinstance(value, (str, torch.device)):
                where, rest[place] = value, CPU
        goes_there = was_there if where is None else is_cuda(where)
        self.num_waits += goes_there != was_there and not kwargs.get("non_blocking", False)
        out = func(x, *rest, **kwargs) if name == "to" else x
        if goes_there != was_there and out is x:
            out = x.clone()
        return self.marked(out, is_there=goes_there)

    def marked(self, out: Any, *, is_there: bool) -> Any:
        """Mark every tensor that a function returned."""
        tree_map_only(torch.Tensor, lambda t: self.mark(t, is_there=is_there), out)
        return out

    def mark(self, tensor: torch.Tensor, *, is_there: bool) -> None:
        """Mark a tensor."""
        if is_there:
            self.there[tensor] = True
        else:
            self.there.pop(tensor, None)


def tensors_in(tree: Any) -> list[torch.Tensor]:
    """List the tensors of arguments."""
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def is_in_place(name: str) -> bool:
    """Whether a function of this name writes to its first tensor."""
    return name.startswith("__i") or (name.endswith("_") and not name.endswith("__"))


ANSWERS: dict[str, Callable[[bool], Any]] = {
    "device": lambda is_there: CUDA if is_there else CPU,
    "is_cuda": lambda is_there: is_there,
    "is_cpu": lambda is_there: not is_there,
}


@contextmanager
def pretending(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pretend]:
    """Pretend that there is a GPU, to what loads weights and seeds generators as well."""
    load, fork, parameter = torch.load, torch.random.fork_rng, torch.Tensor._make_subclass
    with Pretend() as there, monkeypatch.context() as patch:

        def loaded(file: Any, map_location: Any, **options: Any) -> Any:
            state = load(file, map_location=CPU, **options)
            return there.marked(state, is_there=is_cuda(map_location))

        def made(kind: Any, data: Any, *options: Any) -> Any:  # parameters, which C++ makes
            return there.marked(parameter(kind, data, *options), is_there=there.is_there(data))

        patch.setattr(torch, "load", loaded)
        patch.setattr(torch.random, "fork_rng", lambda devices: fork(devices=[]))  # noqa: ARG005 (torch's name)
        # there is no driver to capture graphs
        patch.setattr("supernet.fits.memory_of", lambda device: 80 * 10**9)  # noqa: ARG005 (its name)
        patch.setattr("supernet.training.trainer.captured", lambda step, ranks: step)  # noqa: ARG005 (captured's)
        patch.setattr("supernet.score.rest_of", lambda model, *_: Eager(model))
        patch.setattr(torch.Tensor, "_make_subclass", staticmethod(made))
        yield there


@contextmanager
def rounding_as_the_cpu() -> Iterator[None]:
    """Keep a GPU's convolutions from TF32; torch 2.9 and later warn of `allow_tf32`."""
    convolutions: Any = getattr(torch.backends.cudnn, "conv", torch.backends.cudnn)
    is_new = hasattr(convolutions, "fp32_precision")
    name, exact = ("fp32_precision", "ieee") if is_new else ("allow_tf32", False)
    before = getattr(convolutions, name)
    setattr(convolutions, name, exact)
    try:
        yield
    finally:
        setattr(convolutions, name, before)


def is_cuda(device: str | torch.device | None) -> bool:
    """Whether a device is the GPU."""
    return device is not None and torch.device(device).type == "cuda"
