"""Which code PyTorch multiplies matrices by on the CPU."""
import ctypes
import re

import torch


def blas():
    """"OpenBLAS Zen": the kernel that OpenBLAS chose for this processor; else another library's name; null if it is not known."""
    (torch.ones(64, 64) @ torch.ones(64, 64)).sum().item()  # the library is loaded by now
    try:
        with open("/proc/self/maps") as maps:
            paths = sorted({path for path in re.findall(r"/\S*openblas\S*\.so\S*", maps.read())})
    except OSError:
        paths = []
    for path in paths:
        library = ctypes.CDLL(path)
        for name in ("openblas_get_corename", "openblas_get_corename64_", "scipy_openblas_get_corename64_"):
            if hasattr(library, name):
                function = getattr(library, name)
                function.restype = ctypes.c_char_p
                return f"OpenBLAS {function().decode()}"
    return "MKL" if torch.backends.mkl.is_available() else None
