import type { ErrorReport } from "../../../src/core/errors.ts";

/** What is seen before the catalog is there, and while the server cannot be reached. */
export function Starting({ error }: { error?: ErrorReport }) {
  return (
    <div className="starting" role="status" data-testid="starting">
      <span className="spinner" aria-hidden="true" />
      {error ? (
        <>
          <p className="empty-title">Waiting for the studio’s server</p>
          <p>{error.message}</p>
          {error.fix && <p className="muted">Fix: {error.fix}</p>}
        </>
      ) : (
        <p className="muted">Opening the studio…</p>
      )}
    </div>
  );
}
