import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { smallPipeline } from "../../execution/smallRun.ts";
import { type Heard, RawClient } from "../rawClient.ts";

let kernel: RawClient;
beforeAll(async () => {
  kernel = await RawClient.start();
});
afterAll(() => kernel.stop());

const ofType = (messages: Heard[], type: string) => messages.filter((message) => message.type === type);
const widget = "application/vnd.jupyter.widget-view+json";

/** A cell that trains longer than anybody waits, and tells how it ended. */
const pipeline = smallPipeline({ config: { train: { steps: 100_000 } }, without: ["samples", "evaluate"] });
const training = `const run = await flamingo.train(${JSON.stringify(pipeline)}, { device: "wasm" }); run.status`;

describe("a training", () => {
  test("has no button where no front end draws widgets", async () => {
    const cell = kernel.send("execute_request", { code: training });
    await kernel.until(() => ofType(kernel.below(cell), "update_display_data").length > 0);
    await kernel.request("interrupt_request", {}, "control");
    const { output } = await kernel.answer(cell);
    expect(ofType(output, "comm_open")).toEqual([]);
    expect(JSON.stringify(output.map(({ content }) => content))).not.toContain(widget);
  });

  test("has one where a front end does: it stops the training, and is gone at the end", async () => {
    await kernel.request("comm_info_request", { target_name: "jupyter.widget" });
    const cell = kernel.send("execute_request", { code: training });
    const view = () =>
      ofType(kernel.below(cell), "display_data").find(({ content }) => widget in (content.data as object));
    await kernel.until(() => view() && ofType(kernel.below(cell), "update_display_data").length > 0);
    const shown = view()!.content as { data: Record<string, { model_id: string }>; transient: { display_id: string } };
    const { model_id } = shown.data[widget]!;
    const models = ofType(kernel.below(cell), "comm_open").map(
      ({ content }) => content as { comm_id: string; data: { state: Record<string, string> } },
    );
    const button = models.find(({ comm_id }) => comm_id === model_id)!.data;
    expect(button.state).toMatchObject({ _model_name: "ButtonModel", description: "Stop" });
    for (const part of [button.state.layout, button.state.style])
      expect(models.map(({ comm_id }) => `IPY_MODEL_${comm_id}`)).toContain(part);

    kernel.send("comm_msg", { comm_id: model_id, data: { method: "custom", content: { event: "click" } } });
    const { reply, output } = await kernel.answer(cell);
    expect(reply.content).toMatchObject({ status: "ok" });
    expect(ofType(output, "execute_result")[0]!.content.data).toEqual({ "text/plain": "'stopped'" });
    const last = ofType(output, "update_display_data").filter(
      ({ content }) => (content.transient as { display_id: string }).display_id === shown.transient.display_id,
    );
    expect(last.at(-1)!.content.data).toEqual({ "text/html": "", "text/plain": "" });
    expect(ofType(output, "comm_close")).toHaveLength(models.length);
  });
});
