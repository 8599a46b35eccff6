import { useEffect, useState } from "react";
import { type AttentionFrame, readFrame } from "../../../src/channels/attention.ts";
import { getJson } from "../stores/request.ts";
import { runFile } from "../stores/run.ts";

/** Frames that were read, the newest at the end: moving the slider back costs no request. */
const kept = new Map<string, AttentionFrame>();
const most = 64;

/** Reads an attention frame of a run; the one before stays until the next is there, so that nothing flickers. */
export function useFrame(run: string | undefined, file: string | undefined): AttentionFrame | undefined {
  const [frame, setFrame] = useState<{ run: string; frame: AttentionFrame }>();
  useEffect(() => {
    if (run === undefined || file === undefined) return;
    let current = true;
    loadFrame(runFile(run, file)).then(
      (read) => {
        if (current) setFrame({ run, frame: read });
      },
      () => {}, // the frame before stays; the next one is tried when it comes
    );
    return () => {
      current = false;
    };
  }, [run, file]);
  return frame && frame.run === run ? frame.frame : undefined;
}

async function loadFrame(path: string): Promise<AttentionFrame> {
  const known = kept.get(path);
  if (known) return known;
  const frame = readFrame(await getJson<unknown>(path));
  kept.set(path, frame);
  for (const oldest of kept.keys()) {
    if (kept.size <= most) break;
    kept.delete(oldest);
  }
  return frame;
}
