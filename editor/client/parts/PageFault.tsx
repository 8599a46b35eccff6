import { Component, type ReactNode } from "react";

/** Where a page cannot be shown, says so, and how to go on: its files may be those of an older studio. */
export class PageFault extends Component<{ children: ReactNode }, { fault: string | undefined }> {
  override state: { fault: string | undefined } = { fault: undefined };

  static getDerivedStateFromError(error: unknown): { fault: string } {
    return { fault: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    if (this.state.fault === undefined) return this.props.children;
    return (
      <div className="starting" role="alert">
        <p className="empty-title">This page cannot be shown</p>
        <p className="muted">{this.state.fault}</p>
        <button type="button" className="button" onClick={() => location.reload()}>
          Load it again
        </button>
      </div>
    );
  }
}
