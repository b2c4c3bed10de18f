/** Days as a date field writes them, in the user's own time zone. */

/** `2026-05-03`, the local day of an instant. */
export function dayInput(at: number): string {
  const day = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${String(day.getFullYear()).padStart(4, '0')}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** The first instant of that day here; `null`: no day. */
export function startOfDay(value: string): number | null {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value) ?? [];
  if (year === undefined) return null;
  const at = new Date(Number(year), Number(month) - 1, Number(day)).getTime();
  return Number.isNaN(at) || dayInput(at) !== value ? null : at;
}
