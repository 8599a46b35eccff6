import type { AnyChannel, PortReading, Reading } from "../channels/channel.ts";
import { channels } from "../channels/channels.ts";
import { placeName } from "../channels/place.ts";
import { evenSample } from "../engine/ops/layout.ts";
import type { Probe } from "../engine/readings/eager.ts";
import { keep, type Tensor, tidy } from "../engine/tensor.ts";
import type { PlacedBlock } from "./placedBlocks.ts";

/** A tensor that was seen, until its numbers are read. */
interface Seen {
  block: PlacedBlock;
  read: PortReading;
  shape: readonly number[];
  tensor: Tensor;
}

/** Steps between two readings, where a run of so many steps is to have at most so many. */
export function readingInterval(
  { every, most = Number.POSITIVE_INFINITY }: { every: number; most?: number },
  steps: number,
): number {
  return every * Math.max(1, Math.ceil(steps / (every * most)));
}

/** Reads the values that a channel asks for out of a model, while the model computes. */
export class ChannelProbe {
  readonly channel: AnyChannel;
  readonly #reads: readonly PortReading[];
  readonly #blocks: ReadonlyMap<string, PlacedBlock>;
  readonly #seen: Seen[] = [];

  /** @param blocks of the model's graph */
  constructor(channel: AnyChannel, blocks: readonly PlacedBlock[]) {
    this.channel = channel;
    this.#reads = channel.probe?.reads ?? [];
    const read = blocks.filter((block) => this.#reads.some((read) => isOf(read, block)));
    this.#blocks = new Map(read.map((block) => [placeName(block), block]));
  }

  /** Whether the model has anything that the channel asks for. */
  get isUsed(): boolean {
    return this.#blocks.size > 0;
  }

  /** Whether it is due after a step of so many. */
  isDue(step: number, steps: number): boolean {
    return this.isUsed && step % readingInterval(this.channel.probe!, steps) === 0;
  }

  /** Give these to `PipelineModel.watched`. */
  get probes(): readonly Probe[] {
    return this.#reads.map((read) => ({
      of: read.of,
      at: (path: string) => isOf(read, this.#blocks.get(path)),
      see: (path: string, tensor: Tensor) =>
        void this.#seen.push({
          block: this.#blocks.get(path)!,
          read,
          shape: tensor.shape,
          tensor: keep(read.atMost === undefined ? tensor : tidy(() => evenSample(tensor, read.atMost!))),
        }),
    }));
  }

  /** The record's value, from all that was seen since the last time. */
  async value(): Promise<unknown> {
    const seen = this.#seen.splice(0);
    try {
      const readings = await Promise.all(
        seen.map(async ({ block, read, shape, tensor }): Promise<Reading> => {
          const { node, path, inputs } = block;
          return { node, path, inputs, read, shape, data: Float32Array.from(await tensor.data()) };
        }),
      );
      return this.channel.probe!.value(readings);
    } finally {
      for (const { tensor } of seen) tensor.dispose();
    }
  }
}

/** Whether a block is one that is read. */
function isOf({ block: type, within }: PortReading, block: PlacedBlock | undefined): boolean {
  return block?.types.at(-1) === type && (within === undefined || block.types.at(-2) === within);
}

/** The probes of all channels that ask for something which the model has. */
export function channelProbes(blocks: readonly PlacedBlock[]): ChannelProbe[] {
  const asking = (channels as readonly AnyChannel[]).filter(({ probe }) => probe);
  return asking.map((channel) => new ChannelProbe(channel, blocks)).filter(({ isUsed }) => isUsed);
}
