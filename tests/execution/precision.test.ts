import { beforeAll, describe, expect, test } from "vitest";
import { type Carried, carryOut, eventsOf, newestOf, newRun, smallPipeline, stepsOf } from "./smallRun.ts";

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
    const [told, ...rest] = eventsOf(run.events, "log:message");
    expect(told).toMatchObject({ level: "warning", node: "train" });
    expect(told!.message).toContain("single precision here");
    expect(rest).toEqual([]);
    expect(stepsOf(run.events)).toEqual(stepsOf(plain.events));
    expect(await endOf(run)).toEqual({ ...(await endOf(plain)), lossScale });
  });

  test("stopped and resumed goes on with its loss scale", async () => {
    const folder = await newRun(mixed);
    const first = await carryOut(folder, {
      onEvent: (event, stop) => {
        if (event.type === "train:step" && event.step === 4) stop();
      },
    });
    expect((await endOf(first)).lossScale).toEqual({ ...lossScale, good: 4 });
    expect(await endOf(await carryOut(folder))).toEqual({ ...(await endOf(plain)), lossScale });
  });
});

test("a run with gradient checkpointing comes to the same bits, and needs less", async () => {
  const run = await carryOut(await newRun(pipelineOf({ gradientCheckpointing: true })));
  expect(stepsOf(run.events)).toEqual(stepsOf(plain.events));
  expect(await endOf(run)).toEqual(await endOf(plain));
  const needOf = ({ events }: Carried) => eventsOf(events, "run:memory")[0]!.needs;
  expect(needOf(run)).toBeLessThan(needOf(plain));
});
