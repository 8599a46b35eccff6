import { useStudio } from "../stores/studio.ts";

/** Says that the server is gone, and that the page waits for it. */
export function ConnectionBar() {
  const connection = useStudio((studio) => studio.connection);
  if (connection !== "lost") return null;
  return (
    <div className="connection-bar" role="alert" data-testid="connection-lost">
      <span className="spinner" aria-hidden="true" />
      <span>
        <strong>The studio’s server does not answer.</strong> Trying again. Your pipeline is kept in this browser; a run
        goes on without this page.
      </span>
    </div>
  );
}
