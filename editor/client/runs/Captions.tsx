import { isRight } from "../../../src/channels/samples.ts";
import { css } from "../../../src/figures/colors.ts";
import { formatCount } from "../../../src/figures/numbers.ts";
import { Icon } from "../parts/Icon.tsx";
import { StudioImage } from "../parts/StudioImage.tsx";
import { pinnedImage } from "../stores/run.ts";
import { useTheme } from "../stores/theme.ts";
import { useCompared } from "./compared.ts";
import type { RunVersion } from "./versions.ts";

/** The last captions of the same images, side by side. */
export function Captions({ versions }: { versions: readonly RunVersion[] }) {
  const states = useCompared((compared) => compared.states);
  const theme = useTheme();
  const columns = versions
    .flatMap(({ runs }) => runs)
    .flatMap((run) => {
      const last = states[run.id]?.channels.samples.at(-1);
      return last ? [{ ...run, ...last }] : [];
    });
  // The same image is the one of the same place that shows the same.
  const images = [
    ...new Map(
      columns.flatMap(({ id, samples }) =>
        samples.map(({ image, label }) => [`${image} ${label}`, { image, label, run: id }] as const),
      ),
    ).values(),
  ];
  return (
    <section className="compare-part" aria-labelledby="captions">
      <h2 id="captions">Captions of the same images</h2>
      {columns.length === 0 && (
        <p className="muted">
          None of these runs has captioned an image yet: add a Caption samples node to the pipeline to have captions
          here.
        </p>
      )}
      {columns.length > 0 && (
        <div className="compare-scroll">
          <table className="compare-captions" data-testid="compare-captions">
            <thead>
              <tr>
                <th scope="col">image</th>
                {columns.map(({ id, name, color, step }) => (
                  <th scope="col" key={id}>
                    <i className="swatch" style={{ background: css(color, theme) }} />
                    {name} <span className="muted">step {formatCount(step)}</span>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {images.map(({ image, label, run }) => (
                <tr key={`${image} ${label}`}>
                  <th scope="row">
                    <StudioImage path={pinnedImage(run, image)} alt="" width={40} height={40} />
                    {label}
                  </th>
                  {columns.map(({ id, samples }) => {
                    const own = samples.find((each) => each.image === image && each.label === label);
                    return (
                      <td key={id} data-right={own ? isRight(own) : undefined}>
                        {own ? own.caption : "–"} {own && isRight(own) && <Icon name="check" size={12} />}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
