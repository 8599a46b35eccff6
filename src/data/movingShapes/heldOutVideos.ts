import { Random } from "../../core/random.ts";
import type { EvaluationSet } from "../evaluationSet.ts";
import { type Media, videoOf } from "../media.ts";
import { plainName, unseenCombinations } from "../namedShapes/words.ts";
import { toUnit } from "../pixels.ts";
import { motions } from "./motions.ts";
import { drawVideo } from "./video.ts";

/** What is done to a held-out video before a model sees it, given its frames in order. */
type Cut = (frames: readonly Media[], random: Random) => readonly Media[];

/**
 * Videos of shapes that no training has shown. The candidates are the motions of the same shape: only the order of the frames tells them
 * apart, as the sets with shuffled frames and with the first frame alone are to show.
 */
export function heldOutVideos(frames: number, size: number): EvaluationSet[] {
  return [
    videosOf("movingShapes", "Moving shapes, unseen", (all) => all),
    videosOf("shuffledFrames", "Moving shapes, frames shuffled", (all, random) => random.shuffle([...all])),
    videosOf("firstFrame", "Moving shapes, the first frame only", (all) => all.map(() => all[0]!)),
  ];

  function videosOf(name: string, title: string, cut: Cut): EvaluationSet {
    const examples = (most: number) =>
      Array.from({ length: most }, (_, index) => {
        const random = new Random(2204).fork("videos").fork(index);
        const combination = random.pick([...unseenCombinations]);
        const right = random.integer(motions.length);
        const pixels = new Uint8Array(frames * size * size * 3);
        drawVideo(pixels, 0, { frames, size }, combination, motions[right]!, random);
        const candidates = motions.map(({ words }) => `${plainName(combination)} ${words}`);
        const each = Array.from({ length: frames }, (_, frame): Media => {
          const [from, to] = [frame * size * size * 3, (frame + 1) * size * size * 3];
          return { pixels: toUnit(pixels.subarray(from, to)), frames: 1, size };
        });
        return {
          media: [videoOf(cut(each, random.fork("cut")))],
          captions: [candidates[right]!],
          candidates,
          right,
        };
      });
    return { name, title, examples };
  }
}
