/** The words of what lies on something else. Runs in the page: elements by two selectors. */
export function overlaps([some, others]: string[]): string[] {
  const found = (selector: string) => [...document.querySelectorAll(selector)];
  return found(some!).flatMap((one) => {
    const a = one.getBoundingClientRect();
    const hit = found(others!).some((other) => {
      const b = other.getBoundingClientRect();
      return other !== one && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    });
    return hit ? [one.textContent ?? ""] : [];
  });
}
