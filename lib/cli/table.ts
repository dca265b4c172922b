export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly right?: boolean;
}

/** Rows under titles, in columns as wide as they need; the last one is not padded. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, index) => Math.max(...[titles, ...rows].map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    columns
      .map(({ right }, index) => {
        const cell = row[index] ?? '';
        if (right) return cell.padStart(widths[index]);
        return index === columns.length - 1 ? cell : cell.padEnd(widths[index]);
      })
      .join('  ')
      .trimEnd();
  return [titles, ...rows].map(line).join('\n');
}
