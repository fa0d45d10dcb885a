"""Requests for NITF and NSIF images: sample types, modes, blocks, masks, tables, places."""
from golden.catalogue import save

for kind in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "complex64"):
    save(f"nitf/type/{kind}", f"noisy 2x37x53 {kind}", compression="none")
