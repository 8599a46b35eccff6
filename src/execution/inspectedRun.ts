import { FlamingoError } from "../core/errors.ts";
import { Image } from "../data/image.ts";
import { type Media, videoOf } from "../data/media.ts";
import { openDevice } from "../engine/devices/device.ts";
import type { CaptionModel, GateValue } from "../evaluation/captioning/captionModel.ts";
import type { Explanation } from "../evaluation/captioning/explanation.ts";
import type { Intervention } from "../inspection/interventions.ts";
import { pinnedFrames, readRun } from "../runs/folder.ts";
import { openCaptionModel } from "./openCaptionModel.ts";
import { lastCheckpoint } from "./prepare.ts";

/** What a model says of a pinned image under an intervention. */
export interface InterventionSample {
  image: number;
  caption: string;
  /** Of the label that was asked for, in nats per token; undefined where the model does not know its words. */
  logLikelihood?: number;
}

export interface InterventionAnswer {
  /** The step of the checkpoint that it computes with. */
  step: number;
  gates: GateValue[];
  samples: InterventionSample[];
}

/** A run's model as its newest checkpoint left it, which is asked about the run's pinned images under interventions. */
export class InspectedRun {
  readonly step: number;
  readonly #model: CaptionModel;
  readonly #images: readonly Media[];

  private constructor(step: number, model: CaptionModel, images: readonly Media[]) {
    this.step = step;
    this.#model = model;
    this.#images = images;
  }

  /**
   * @param models folder of the weights that were imported
   * @throws FlamingoError NOT_FOUND if the run has no checkpoint or no pinned images; INVALID_PIPELINE if its model does not caption
   */
  static async open(folder: string, models?: string): Promise<InspectedRun> {
    const { pipeline, seed, device } = await readRun(folder);
    const { path, checkpoint } = await lastCheckpoint(folder, { append: () => {} });
    await openDevice(device as Parameters<typeof openDevice>[0]);
    const model = await openCaptionModel(pipeline, checkpoint.weights, path, { seed, models });
    const images = await Promise.all(
      (await pinnedFrames(folder)).map(async (files) =>
        videoOf(await Promise.all(files.map((file) => Image.read(file, model.imageSize)))),
      ),
    );
    if (images.length > 0) return new InspectedRun(checkpoint.step, model, images);
    model.dispose();
    const fix = "add a Caption samples node to the pipeline, and train it";
    throw new FlamingoError("NOT_FOUND", "the run has no pinned images", { source: folder, fix });
  }

  /**
   * What the model says of the pinned images under an intervention.
   * @param labels whose log-likelihood is asked for, by image
   * @param instead the pinned image that is shown in the place of each; its own by default
   * @throws FlamingoError NOT_FOUND for an image that is not pinned; as `CaptionModel.intervene`
   */
  async ask(
    intervention: Intervention,
    labels: readonly string[],
    instead: readonly number[] = [],
  ): Promise<InterventionAnswer> {
    const model = await this.#model.intervene(intervention);
    const images = this.#images.map((_, image) => this.#pinned(instead[image] ?? image));
    const captions = await model.captions(images);
    const scores = await model.logLikelihoods(labels.slice(0, images.length), images);
    return {
      step: this.step,
      gates: await model.gates(),
      samples: captions.map((caption, image) => ({
        ...{ image, caption },
        ...(scores[image] === undefined ? {} : { logLikelihood: scores[image] }),
      })),
    };
  }

  /**
   * Follows a pinned image through the model under an intervention.
   * @throws FlamingoError NOT_FOUND for an image that is not pinned; as `CaptionModel.intervene` and `CaptionModel.explain`
   */
  async explain(
    intervention: Intervention,
    image: number,
    label: string,
  ): Promise<Explanation & { step: number; gateValues: GateValue[] }> {
    const pinned = this.#pinned(image);
    const model = await this.#model.intervene(intervention);
    return { step: this.step, gateValues: await model.gates(), ...(await model.explain(pinned, { image, label })) };
  }

  #pinned(image: number): Media {
    const found = this.#images[image];
    if (found) return found;
    const fix = `name one from 0 to ${this.#images.length - 1}`;
    throw new FlamingoError("NOT_FOUND", `there is no pinned image ${image} among ${this.#images.length}`, { fix });
  }

  dispose(): void {
    this.#model.dispose();
  }
}
