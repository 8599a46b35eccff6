import type { Value } from "../core/block.ts";
import { dispose, gather, keep, type Tensor, tensor, tidy } from "../engine/tensor.ts";
import type { Captioner, Seen } from "../evaluation/captioner.ts";
import type { Graph, Values } from "./graph.ts";

/** Pictures that a graph has looked at: the values of all nodes that do not depend on the text. */
interface SeenValues extends Seen {
  values: Values;
}

/**
 * A pipeline's model as a captioner: whatever lies between the source's `images` and `ids` and the node's `logits`.
 * Nodes that do not depend on the text are computed once for each set of pictures.
 */
export class GraphCaptioner implements Captioner {
  readonly #graph: Graph;
  readonly #node: string;
  readonly #source: string;
  readonly #imageSize: number;
  readonly #textFree: string[];

  /**
   * @param node id of the node whose output `logits` is read
   * @param source id of the source whose outputs `images` and `ids` stand for pictures and text
   */
  constructor(graph: Graph, node: string, source: string, imageSize: number) {
    this.#graph = graph;
    this.#node = node;
    this.#source = source;
    this.#imageSize = imageSize;
    this.#textFree = graph.blocksUpTo(node).filter((id) => !this.#readsText(id));
  }

  look(pixels: Float32Array, count: number): SeenValues {
    const size = this.#imageSize;
    const held: Tensor[] = [];
    const values: Values = new Map();
    tidy(() => {
      values.set(this.#source, { images: keep(tensor(pixels, [count, 1, 1, size, size, 3])) });
      for (const id of this.#textFree) this.#graph.compute(id, values);
      for (const ports of values.values()) for (const value of Object.values(ports)) held.push(keep(value as Tensor));
    });
    const weights = new Set<Value>(this.#graph.weights.all().map(({ variable }) => variable));
    return { count, values, dispose: () => dispose(held.filter((each) => !weights.has(each))) };
  }

  logits(seen: Seen, pictures: readonly number[], ids: Int32Array): Tensor {
    return tidy(() => {
      const values = this.valuesFor(seen, pictures, ids);
      return this.#graph.compute(this.#node, values).logits as Tensor;
    });
  }

  /** The values from which the text's side is computed: row r reads picture `pictures[r]`. */
  valuesFor(seen: Seen, pictures: readonly number[], ids: Int32Array): Values {
    const rows = tensor(Int32Array.from(pictures), [pictures.length], "int32");
    const all = pictures.length === seen.count && pictures.every((picture, row) => picture === row);
    const values: Values = new Map();
    for (const [id, ports] of (seen as SeenValues).values) {
      const chosen = Object.entries(ports).map(([port, value]) => [port, all ? value : gather(value as Tensor, rows)]);
      values.set(id, Object.fromEntries(chosen));
    }
    const text = tensor(ids, [pictures.length, ids.length / pictures.length], "int32");
    values.set(this.#source, { ...values.get(this.#source), ids: text });
    return values;
  }

  alone(ids: Int32Array, rows: number): Tensor | undefined {
    const wired = Object.entries(this.#graph.node(this.#node).inputs);
    const text = wired.find(([, from]) => from.node === this.#source && from.port === "ids");
    const others = wired.filter((each) => each !== text);
    // What else it is wired to brings the pictures in; a node that cannot do without them holds no language model alone.
    if (!text || others.length === 0 || others.some(([port]) => !this.#graph.isOptional(this.#node, port)))
      return undefined;
    return tidy(() => {
      const words = tensor(ids, [rows, ids.length / rows], "int32");
      return this.#graph.call(this.#node, { [text[0]]: words }).logits as Tensor;
    });
  }

  #readsText(id: string): boolean {
    return Object.values(this.#graph.node(id).inputs).some((from) =>
      from.node === this.#source ? from.port !== "images" : this.#readsText(from.node),
    );
  }
}
