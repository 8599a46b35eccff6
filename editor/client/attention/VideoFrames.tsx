import type { AttentionView } from "../../../src/channels/tokenAttention.ts";
import { tokenAttention } from "../../../src/channels/tokenAttention.ts";
import { formatShare } from "../../../src/figures/numbers.ts";
import type { MapProps } from "../panels/HeatCanvas.tsx";
import { StudioImage } from "../parts/StudioImage.tsx";
import { pinnedImage } from "../stores/run.ts";

/** The frames of a video, each with the part of the token's attention that falls on it; nothing for an image. */
export function VideoFrames(props: MapProps & { choose: (view: AttentionView) => void }) {
  const { run, frame, image, view, token, choose } = props;
  const { frames = 1 } = image;
  if (frames === 1) return null;
  const shareOf = (time: number | "all") =>
    tokenAttention(frame.layers, image, { ...view, time }, token).reduce((sum, share) => sum + share, 0);
  const whole = shareOf("all");
  return (
    <fieldset className="video-frames" aria-label="Frame">
      {(["all", ...Array.from({ length: frames }, (_, time) => time)] as const).map((time) => (
        <button key={time} type="button" aria-pressed={view.time === time} onClick={() => choose({ ...view, time })}>
          {time === "all" ? (
            <span>all frames</span>
          ) : (
            <>
              <StudioImage path={pinnedImage(run, image.image, time)} alt={`frame ${time + 1}`} />
              <output>{formatShare(whole > 0 ? shareOf(time) / whole : 0)}</output>
            </>
          )}
        </button>
      ))}
    </fieldset>
  );
}
