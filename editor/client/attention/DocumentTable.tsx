import type { AttentionFrame, DocumentAttention } from "../../../src/channels/attention.ts";
import { type AttentionView, isText } from "../../../src/channels/tokenAttention.ts";
import { cellColor } from "../../../src/figures/colors.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import { StudioImage } from "../parts/StudioImage.tsx";
import { pinnedImage } from "../stores/run.ts";

interface DocumentProps {
  run: string;
  frame: AttentionFrame;
  document: DocumentAttention;
  view: AttentionView;
}

/** A caption of the document: its image, and the places of its tokens, from the image's tag to the end of the chunk. */
interface Chunk {
  image: number;
  tokens: number[];
}

/**
 * The pinned images and their labels as one document, as in the paper's Figure 7: which token may attend to which image, and what each image
 * is worth to it.
 */
export function DocumentTable({ run, frame, document, view }: DocumentProps) {
  const { images, tokens, mask, worth } = document;
  const chunks = chunksOf(document);
  const values = worth.flat().filter(Number.isFinite).map(Math.abs);
  const end = Math.max(0.1, ...values);
  const labelOf = (image: number) => frame.images.find((each) => each.image === image)?.label ?? "";
  return (
    <section className="document-attention" aria-label="Document">
      <h2>Which token may attend to which image, and what is the image worth to it?</h2>
      <div className="document-scroll">
        <table data-testid="document">
          <thead>
            <tr>
              <th />
              {chunks.map((chunk, at) => (
                <th key={chunk.image} colSpan={chunk.tokens.length + 1}>
                  caption {at + 1}: {labelOf(chunk.image)}
                </th>
              ))}
            </tr>
            <tr>
              <th />
              {chunks.map((chunk) => [
                ...chunk.tokens.map((token) => (
                  <th key={token} className="document-token">
                    {isText(tokens[token]!) ? tokens[token] : tokens[token]!.replaceAll(/[<|>]/g, "")}
                  </th>
                )),
                <th key="sum" className="document-sum">
                  in all
                </th>,
              ])}
            </tr>
          </thead>
          <tbody>
            {images.map((image, row) => (
              <tr key={image}>
                <th>
                  <StudioImage path={pinnedImage(run, image)} alt={labelOf(image)} />
                  <span>image {row + 1}</span>
                </th>
                {chunks.map((chunk) => [
                  ...chunk.tokens.map((token) => {
                    const allowed = mask[token]![row]!;
                    const value = worth[row]![token]!;
                    const share = attentionTo(document, view, token, row);
                    return (
                      <td
                        key={token}
                        data-allowed={allowed}
                        style={Number.isFinite(value) && Math.abs(value) > 0 ? worthStyle(value, end) : undefined}
                        title={`“${tokens[token]}” ${allowed ? `may attend to image ${row + 1}: attention ${formatNumber(share)}` : `may not attend to image ${row + 1}`}${Number.isFinite(value) ? `; the image is worth ${formatNumber(value)} nats to it` : ""}`}
                      >
                        {Number.isFinite(value) ? formatNats(value) : ""}
                      </td>
                    );
                  }),
                  <td key="sum" className="document-sum">
                    {formatNats(chunk.tokens.reduce((sum, token) => sum + (worth[row]![token] || 0), 0))}
                  </td>,
                ])}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="muted">
        <i className="document-key" data-allowed={true} /> the media mask lets the token attend to the image{" "}
        <i className="document-key" data-allowed={false} /> it does not. Numbers: by how many nats the token is less
        likely where no token attends to the image. An image that a token may not attend to can still matter for it:
        through the tokens before it.
      </p>
    </section>
  );
}

function chunksOf({ images, tokens }: DocumentAttention): Chunk[] {
  const chunks: Chunk[] = [];
  for (const [at, token] of tokens.entries()) {
    if (token === tokens[0]) chunks.push({ image: images[chunks.length]!, tokens: [] });
    chunks.at(-1)!.tokens.push(at);
  }
  return chunks;
}

/** A token's attention to an image, in the layer and head that are shown. */
function attentionTo(
  { heads }: DocumentAttention,
  { layer, head }: AttentionView,
  token: number,
  image: number,
): number {
  const layers = layer === "mean" ? heads : [heads[layer] ?? []];
  const values = layers.flatMap((all) => (head === "mean" ? all : [all[head]!])).map((rows) => rows[token]![image]!);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function worthStyle(value: number, end: number) {
  return { background: cellColor(value, end, true), color: Math.abs(value) / end > 0.6 ? "#fff" : "#202228" };
}

/** `0` only for what changes no bit. */
function formatNats(value: number): string {
  if (value === 0) return "0";
  const digits = Math.abs(value).toFixed(2);
  if (Number(digits) === 0) return digits;
  return `${value > 0 ? "+" : "−"}${digits}`;
}
