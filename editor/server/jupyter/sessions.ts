import { randomUUID } from "node:crypto";
import { FlamingoError } from "../../../src/core/errors.ts";
import type { KernelManager, KernelModel } from "./kernels.ts";

/** A document and the kernel that runs its code, as Jupyter's API describes it. */
export interface SessionModel {
  id: string;
  path: string;
  name: string;
  type: string;
  kernel: KernelModel;
  /** As clients of older servers read it. */
  notebook: { path: string; name: string };
}

interface Session {
  id: string;
  path: string;
  name: string;
  type: string;
  kernel: string;
}

/** What a session is to become; what is not named stays. */
export interface SessionChange {
  path?: string | undefined;
  name?: string | undefined;
  type?: string | undefined;
  kernel?: { id?: string | null | undefined; name?: string | null | undefined } | undefined;
}

export interface SessionRequest extends SessionChange {
  path: string;
}

/** Which document has which kernel, so that a page that is loaded again finds its own. */
export class Sessions {
  readonly #kernels: KernelManager;
  /** Folder that a document's kernel works in. */
  readonly #folderOf: (path: string) => Promise<string>;
  readonly #defaultKernel: string;
  readonly #sessions = new Map<string, Session>();
  /** Sessions are made one after another, so that two requests for one document get one kernel. */
  #making: Promise<unknown> = Promise.resolve();

  constructor(kernels: KernelManager, defaultKernel: string, folderOf: (path: string) => Promise<string>) {
    this.#kernels = kernels;
    this.#defaultKernel = defaultKernel;
    this.#folderOf = folderOf;
  }

  /** Sessions whose kernels are gone are not listed. */
  list(): SessionModel[] {
    for (const { id, kernel } of this.#sessions.values()) if (!this.#kernels.has(kernel)) this.#sessions.delete(id);
    return [...this.#sessions.values()].map((session) => this.#model(session));
  }

  /** @throws FlamingoError NOT_FOUND */
  get(id: string): SessionModel {
    return this.#model(this.#find(id));
  }

  /**
   * The session of a document: the one that there is, or a new one.
   * @throws FlamingoError NOT_FOUND, KERNEL_BUSY, KERNEL_DIED
   */
  open(request: SessionRequest): Promise<SessionModel> {
    const opened = this.#making.then(() => this.#open(request));
    this.#making = opened.catch(() => {});
    return opened;
  }

  /**
   * Gives a session another path, name or kernel. The kernel that it had is ended.
   * @throws FlamingoError NOT_FOUND, KERNEL_BUSY, KERNEL_DIED
   */
  async change(id: string, request: SessionChange): Promise<SessionModel> {
    const session = this.#find(id);
    const { path = session.path, name = session.name, type = session.type } = request;
    const before = session.kernel;
    const kernel = request.kernel ? await this.#kernelOf({ path, kernel: request.kernel }, before) : before;
    this.#sessions.set(id, { id, path, name, type, kernel });
    if (kernel !== before && this.#kernels.has(before)) await this.#kernels.shutdown(before);
    return this.get(id);
  }

  /** Ends a session and its kernel. */
  async close(id: string): Promise<void> {
    const { kernel } = this.#find(id);
    this.#sessions.delete(id);
    await this.#kernels.shutdown(kernel);
  }

  async #open({ path, name, type = "notebook", kernel }: SessionRequest): Promise<SessionModel> {
    const there = this.list().find((session) => session.path === path);
    if (there) return there;
    const session = {
      id: randomUUID(),
      path,
      name: name ?? "",
      type,
      kernel: await this.#kernelOf({ path, kernel }),
    };
    this.#sessions.set(session.id, session);
    return this.#model(session);
  }

  async #kernelOf({ path, kernel }: SessionRequest, present?: string): Promise<string> {
    if (kernel?.id) return this.#kernels.get(kernel.id).id;
    if (present !== undefined && kernel?.name === undefined) return present;
    return (await this.#kernels.start(kernel?.name || this.#defaultKernel, await this.#folderOf(path))).id;
  }

  #find(id: string): Session {
    const session = this.#sessions.get(id);
    if (session && this.#kernels.has(session.kernel)) return session;
    throw new FlamingoError("NOT_FOUND", `there is no session ${id}`, { fix: "open one" });
  }

  #model({ kernel, ...session }: Session): SessionModel {
    const { path, name } = session;
    return { ...session, kernel: this.#kernels.get(kernel), notebook: { path, name } };
  }
}
