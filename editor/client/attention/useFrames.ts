import { useEffect } from "react";
import { useShownFrames } from "../panels/useAttention.ts";
import { followCompared, useCompared } from "../runs/compared.ts";

/** Which frames a run has recorded that is compared with the shown one, or is that one itself. */
export function useOtherFrames(shown: string, other: string | undefined) {
  const own = useShownFrames(other);
  const isOther = other !== undefined && other !== shown;
  useEffect(() => (isOther ? followCompared([other]) : undefined), [isOther, other]);
  const found = useCompared(({ states }) => (isOther ? states[other]?.channels.attention : undefined));
  return isOther ? (found ?? own) : own;
}
