/** What one sees of a notebook in the running app, and how one gets there: charts and what they say, tables, stories, the clock. */
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";

export class Looker {
  readonly #page: Page;
  constructor(page: Page) {
    this.#page = page;
  }

  /** The cell that defines a name. */
  cell(name: string): Locator {
    return this.#page
      .locator(".cell")
      .filter({ has: this.#page.locator(".names", { hasText: new RegExp(`(^|, )${name}(,|$)`) }) });
  }

  /** The `place`-th chart of a kind. */
  chart(kind: string, place = 0): Locator {
    return this.#page.locator(`[data-chart=${kind}]`).nth(place);
  }

  /** Lets the whole log arrive. */
  async toTheEnd(): Promise<void> {
    if (/rows, complete/.test(await this.#page.locator(".readings").innerText())) return;
    await this.#page.getByRole("button", { name: "To the end, as fast as possible" }).click();
    await this.#page
      .locator(".readings")
      .getByText(/rows, complete/)
      .waitFor();
  }

  /** Clicks on the strip of the replay, at a share of it, and gives the processing time that the clock then shows, ms. */
  async seek(share: number): Promise<number> {
    const strip = this.#page.getByRole("slider", { name: "Processing time of the replay" });
    const before = await this.#clock();
    const box = (await strip.boundingBox())!;
    await this.#page.mouse.click(box.x + box.width * share, box.y + box.height / 2);
    await expect.poll(() => this.#clock()).not.toBe(before);
    let last = NaN;
    await expect.poll(async () => last === (last = await this.#clock())).toBe(true);
    return last;
  }

  async #clock(): Promise<number> {
    const text = await this.#page.locator(".readings .clock").innerText();
    const [, date, time] = /(\d{4}-\d\d-\d\d)\s+(\d\d:\d\d:\d\d(?:\.\d+)?)/.exec(text)!;
    return Date.parse(`${date}T${time}Z`);
  }

  /** What a chart says in words, once it says it: waits for `expected`, and gives what its groups matched. */
  async says(kind: string, expected: string | RegExp, place = 0): Promise<string[]> {
    return this.#finds(this.chart(kind, place), expected, ".tm-chart-summary");
  }

  /** Everything written in a chart, its axes and notes too. */
  async shows(kind: string, expected: string | RegExp, place = 0): Promise<string[]> {
    return this.#finds(this.chart(kind, place), expected, ".tm-chart");
  }

  async #finds(chart: Locator, expected: string | RegExp, part: string): Promise<string[]> {
    await chart.scrollIntoViewIfNeeded();
    const text = async (): Promise<string> => {
      const found = chart.locator(part);
      const said = (await found.count()) === 0 ? "" : ((await found.first().textContent()) ?? "");
      return said.replace(/\s+/g, " ");
    };
    if (typeof expected === "string") {
      await expect.poll(text, { timeout: 20_000 }).toContain(expected);
      return [];
    }
    await expect.poll(text, { timeout: 20_000 }).toMatch(expected);
    return [...expected.exec(await text())!];
  }

  /** The rows of a table, as texts by column; the number at their left is left out. `place` counts the tables of the cell. */
  async rows(name: string, place = 0): Promise<Record<string, string>[]> {
    const table = this.cell(name).locator(".grid-frame").nth(place);
    await table.scrollIntoViewIfNeeded();
    await expect.poll(() => table.locator(".grid-foot").innerText(), { timeout: 20_000 }).toMatch(/rows?/);
    return table.evaluate(frame => {
      const names = [...frame.querySelectorAll("thead th")].map(th => th.firstChild?.textContent?.trim() ?? "");
      return [...frame.querySelectorAll("tbody tr[aria-rowindex]")].map(tr =>
        Object.fromEntries([...tr.children].map((td, i) => [names[i], td.textContent?.trim() ?? ""])),
      );
    });
  }

  /** What stands under a table. */
  async foot(name: string, expected: RegExp, place = 0): Promise<void> {
    const table = this.cell(name).locator(".grid-frame").nth(place);
    await table.scrollIntoViewIfNeeded();
    await expect.poll(() => table.locator(".grid-foot").innerText(), { timeout: 20_000 }).toMatch(expected);
  }

  /** Clicks the row of a table that contains a text, and gives its story. */
  async story(name: string, text: string | RegExp, place = 0): Promise<string> {
    const table = this.cell(name).locator(".grid-frame").nth(place);
    await table.scrollIntoViewIfNeeded();
    await table.locator("tbody tr[aria-rowindex]", { hasText: text }).first().click();
    const story = this.#page.locator(".story");
    await expect.poll(async () => (await story.locator("p:not(.hint)").count()) > 0).toBe(true);
    return (await story.locator("p").allInnerTexts()).join(" ");
  }
}
