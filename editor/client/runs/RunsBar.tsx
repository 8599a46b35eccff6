import { Brand } from "../parts/Brand.tsx";
import { DevicePill } from "../parts/DevicePill.tsx";
import { Icon } from "../parts/Icon.tsx";
import { PageLinks } from "../parts/PageLinks.tsx";
import { toggleTheme, useTheme } from "../stores/theme.ts";

/** The top bar of the pages about runs. */
export function RunsBar() {
  const theme = useTheme();
  return (
    <header className="topbar">
      <Brand />
      <PageLinks />
      <span className="space" />
      <DevicePill />
      <button type="button" className="icon-button" onClick={toggleTheme} aria-label="Light or dark">
        <Icon name={theme === "dark" ? "sun" : "moon"} />
      </button>
    </header>
  );
}
