import type { ReactNode } from "react";
import { Icon } from "../../parts/Icon.tsx";
import { tellError } from "../../stores/notices.ts";
import { useStudio } from "../../stores/studio.ts";
import { restart } from "../stores/control.ts";
import { useKernel } from "../stores/kernel.ts";
import { useNotebook } from "../stores/notebook.ts";
import { keepCopy, loadAgain, saveNotebook, useSaving } from "../stores/saving.ts";

/** What a person must know of the notebook now, and what to do about it: one line each, above the cells. */
export function NotebookBars() {
  const kernel = useKernel(({ status }) => status);
  const fault = useKernel(({ error }) => error);
  const saving = useSaving();
  const tutorial = useNotebook(({ writable }) => !writable);
  const online = useStudio(({ connection }) => connection === "online");
  return (
    <>
      {!online && (
        <Bar kind="warning" text="The studio’s server does not answer. What you write is kept in this browser.">
          <span className="muted">Start it again with npm start, and open the address that it prints.</span>
        </Bar>
      )}
      {online && kernel === "dead" && (
        <Bar kind="error" text="The kernel ended: its variables are gone. What is on the page stays.">
          <BarButton label="Restart it" act={() => restart(false)} />
        </Bar>
      )}
      {online && kernel === "failed" && (
        <Bar kind="error" text={`No kernel could be started: ${fault?.message ?? "it gave no reason"}.`}>
          {fault?.fix && <span className="muted">{fault.fix}</span>}
          <BarButton label="Try again" act={() => restart(false)} />
        </Bar>
      )}
      {saving.status === "conflict" && (
        <Bar kind="error" text="The file was changed elsewhere since it was opened here.">
          <BarButton label="Take the file’s" act={loadAgain} />
          <BarButton label="Keep mine as a copy" act={keepCopy} />
          <BarButton label="Overwrite it with mine" act={() => saveNotebook({ overwrite: true })} />
        </Bar>
      )}
      {online && saving.status === "failed" && (
        <Bar kind="error" text={`Not saved: ${saving.error?.message}. It is kept in this browser.`}>
          <BarButton label="Try again" act={saveNotebook} />
        </Bar>
      )}
      {tutorial && (
        <Bar kind="plain" text="A tutorial: run it and change it as you like, it stays as it is.">
          <BarButton label="Make it mine" act={keepCopy} />
        </Bar>
      )}
    </>
  );
}

function Bar({ kind, text, children }: { kind: "plain" | "warning" | "error"; text: string; children: ReactNode }) {
  return (
    <div className="notebook-bar" data-kind={kind} role={kind === "error" ? "alert" : "status"}>
      {kind !== "plain" && <Icon name="warning" size={15} />}
      <p>{text}</p>
      {children}
    </div>
  );
}

function BarButton({ label, act }: { label: string; act: () => Promise<void> }) {
  return (
    <button type="button" className="button" onClick={() => void act().catch(tellError)}>
      {label}
    </button>
  );
}
