import { beforeAll, describe, expect, test } from "vitest";
import { type Carried, carryOut, newestOf, newRun, smallPipeline, stepsOf, valuesOf } from "./smallRun.ts";

const pipelineOf = (train: Record<string, unknown>) =>
  smallPipeline({ without: ["samples", "evaluate"], config: { train } });

const endOf = async ({ folder }: Carried) => {
  return { ...(await newestOf(folder)), seconds: 0 };
};

let plain: Carried;
beforeAll(async () => {
  plain = await carryOut(await newRun(pipelineOf({})));
});

describe("a run in mixed precision, where the device has no half precision", () => {
  const mixed = pipelineOf({ precision: "mixed" });
  const lossScale = { scale: 2 ** 15, good: 6, skipped: 0 };

  test("says so, and comes to the bits of one in float32", async () => {
    const run = await carryOut(await newRun(mixed));
    expect(run.outcome).toBe("succeeded");
    const [told, ...rest] = valuesOf(run.records, "message").filter(({ value }) => value.node === "train");
    expect(told!.value).toMatchObject({ level: "warning", node: "train" });
    expect(told!.value.message).toContain("single precision here");
    expect(rest).toEqual([]);
    expect(stepsOf(run.records)).toEqual(stepsOf(plain.records));
    expect(await endOf(run)).toEqual({ ...(await endOf(plain)), lossScale });
  });

  test("stopped and resumed goes on with its loss scale", async () => {
    const folder = await newRun(mixed);
    const first = await carryOut(folder, {
      onRecord: (event, stop) => {
        if (event.channel === "loss" && event.step === 4) stop();
      },
    });
    expect((await endOf(first)).lossScale).toEqual({ ...lossScale, good: 4 });
    expect(await endOf(await carryOut(folder))).toEqual({ ...(await endOf(plain)), lossScale });
  });
});

test("a run with gradient checkpointing comes to the same bits, and needs less", async () => {
  const run = await carryOut(await newRun(pipelineOf({ gradientCheckpointing: true })));
  expect(stepsOf(run.records)).toEqual(stepsOf(plain.records));
  expect(await endOf(run)).toEqual(await endOf(plain));
  const needOf = ({ records }: Carried) => valuesOf(records, "memory")[0]!.value.needs;
  expect(needOf(run)).toBeLessThan(needOf(plain));
});
