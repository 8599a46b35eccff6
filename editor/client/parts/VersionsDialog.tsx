import { useCallback, useEffect, useState } from "react";
import type { NamedVersion, VersionSummary } from "../../shared/protocol.ts";
import { ComparedGraphs } from "../runs/ComparedGraphs.tsx";
import { useEditor } from "../stores/editor.ts";
import { tellError } from "../stores/notices.ts";
import { deleteVersion, goBackTo, listVersions, nameVersion, readVersion } from "../stores/versions.ts";
import { Icon } from "./Icon.tsx";
import { Modal } from "./Modal.tsx";

/** Names the pipeline as it is now, and goes back to what was named before. */
export function VersionsDialog() {
  const [list, setList] = useState<VersionSummary[] | undefined>(undefined);
  const [name, setName] = useState("");
  const [shown, setShown] = useState<NamedVersion | undefined>(undefined);
  const load = useCallback(() => listVersions().then(setList), []);
  useEffect(() => void load().catch(tellError), [load]);
  const add = async () => {
    await nameVersion(name.trim());
    setName("");
    await load();
  };
  const remove = async (version: VersionSummary) => {
    await deleteVersion(version);
    setShown(undefined);
    await load();
  };
  const toggle = async (version: VersionSummary) =>
    setShown(shown?.version === version.version ? undefined : await readVersion(version));
  return (
    <Modal title="Versions of the pipeline" wide>
      <form
        className="version-form"
        onSubmit={(event) => {
          event.preventDefault();
          void add().catch(tellError);
        }}
      >
        <input
          type="text"
          className="version-name"
          aria-label="Name of the version"
          placeholder="The pipeline as it is now, such as: with all gates"
          value={name}
          maxLength={120}
          onChange={(event) => setName(event.target.value)}
        />
        <button type="submit" className="button strong" disabled={name.trim() === ""}>
          Name this version
        </button>
      </form>
      {!list && <p className="muted">Loading…</p>}
      {list?.length === 0 && (
        <p className="muted">
          No versions yet. Give the pipeline as it is now a name: you can compare with it later, and go back to it.
        </p>
      )}
      <ul className="versions" aria-label="Versions">
        {list?.map((version) => (
          <li key={version.version}>
            <div className="version-row">
              <span>
                <strong>{version.name}</strong>
                <span className="muted">{new Date(version.time).toLocaleString()}</span>
              </span>
              <button
                type="button"
                className="button"
                aria-expanded={shown?.version === version.version}
                onClick={() => void toggle(version).catch(tellError)}
              >
                Difference to now
              </button>
              <button
                type="button"
                className="button"
                onClick={() => void readVersion(version).then(goBackTo).catch(tellError)}
              >
                Go back to it
              </button>
              <button
                type="button"
                className="icon-button small"
                aria-label={`Delete ${version.name}`}
                onClick={() => void remove(version).catch(tellError)}
              >
                <Icon name="trash" size={14} />
              </button>
            </div>
            {shown?.version === version.version && <DifferenceToNow version={shown} />}
          </li>
        ))}
      </ul>
    </Modal>
  );
}

function DifferenceToNow({ version }: { version: NamedVersion }) {
  const pipeline = useEditor((editor) => editor.pipeline);
  const none = "The same computation as now; names, places, notes or groups may differ.";
  return <ComparedGraphs before={version.pipeline} after={pipeline} none={none} />;
}
