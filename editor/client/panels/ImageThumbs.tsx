import type { AttentionFrame, AttentionImage } from "../../../src/channels/attention.ts";
import { StudioImage } from "../parts/StudioImage.tsx";
import { pinnedImage } from "../stores/run.ts";

/** The pinned images of a frame, to choose one. */
export function ImageThumbs(props: {
  run: string;
  frame: AttentionFrame;
  chosen: AttentionImage;
  choose: (image: number) => void;
}) {
  const { run, frame, chosen, choose } = props;
  return (
    <fieldset className="thumbs" aria-label="Image">
      {frame.images.map((each) => (
        <button
          key={each.image}
          type="button"
          aria-pressed={each === chosen}
          aria-label={each.label}
          title={each.label}
          className="thumb"
          onClick={() => choose(each.image)}
        >
          <StudioImage path={pinnedImage(run, each.image)} alt="" />
        </button>
      ))}
    </fieldset>
  );
}
