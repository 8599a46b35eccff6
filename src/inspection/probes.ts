import type { AnyChannel, PortReading, Reading } from "../channels/channel.ts";
import { channels } from "../channels/channels.ts";
import { placeName } from "../channels/place.ts";
import type { Probe } from "../engine/readings/eager.ts";
import { keep, type Tensor } from "../engine/tensor.ts";
import type { PlacedBlock } from "./placedBlocks.ts";

/** A tensor that was seen, until its numbers are read. */
interface Seen {
  block: PlacedBlock;
  read: PortReading;
  tensor: Tensor;
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

  /** Whether it is due after a step. */
  isDue(step: number): boolean {
    return this.isUsed && step % this.channel.probe!.every === 0;
  }

  /** Give these to `PipelineModel.watched`. */
  get probes(): readonly Probe[] {
    return this.#reads.map((read) => ({
      of: read.of,
      at: (path: string) => isOf(read, this.#blocks.get(path)),
      see: (path: string, tensor: Tensor) =>
        void this.#seen.push({ block: this.#blocks.get(path)!, read, tensor: keep(tensor) }),
    }));
  }

  /** The record's value, from all that was seen since the last time. */
  async value(): Promise<unknown> {
    const seen = this.#seen.splice(0);
    try {
      const readings = await Promise.all(
        seen.map(async ({ block, read, tensor }): Promise<Reading> => {
          const { node, path, inputs } = block;
          return { node, path, inputs, read, shape: tensor.shape, data: Float32Array.from(await tensor.data()) };
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
