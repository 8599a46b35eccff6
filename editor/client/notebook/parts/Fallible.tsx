import { Component, type ReactNode } from "react";
import { reportOf } from "../../../../src/core/errors.ts";

interface FallibleProps {
  children: ReactNode;
  /** What the children show: when it changes, they are tried again. */
  content: unknown;
  /** Shown instead where the content cannot be. */
  instead: (reason: string) => ReactNode;
}

interface FallibleState {
  reason: string | undefined;
  content: unknown;
}

/** Something that may be impossible to show: then the rest of the page stays. */
export class Fallible extends Component<FallibleProps, FallibleState> {
  override state: FallibleState = { reason: undefined, content: this.props.content };

  static getDerivedStateFromError(error: unknown): Partial<FallibleState> {
    return { reason: reportOf(error).message };
  }

  static getDerivedStateFromProps({ content }: FallibleProps, state: FallibleState): FallibleState | null {
    return content === state.content ? null : { reason: undefined, content };
  }

  override render(): ReactNode {
    const { children, instead } = this.props;
    return this.state.reason === undefined ? children : instead(this.state.reason);
  }
}
