import { type Bits, bitWidths } from "../core/quantization.ts";
import { usageError } from "./command.ts";

/** The value of `--quantize`. @throws FlamingoError USAGE for other bits than those that there are */
export function readBits(value: string | undefined, usage: string): Bits | undefined {
  const bits = bitWidths.find((each) => String(each) === value);
  if (value !== undefined && bits === undefined)
    throw usageError(`--quantize is "${value}", expected ${bitWidths.join(" or ")}`, usage);
  return bits;
}
