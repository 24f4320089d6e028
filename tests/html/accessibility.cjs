// Opens the pages that tests/html/pages.py wrote in Chromium and lets axe-core look at them:
// node accessibility.cjs FOLDER_OF_NPM FOLDER_OF_PAGES. Ends with 1 if it finds anything wrong.
const fs = require("fs");
const path = require("path");

const [npm, pages] = process.argv.slice(2).map((folder) => path.resolve(folder));
const puppeteer = require(path.join(npm, "node_modules", "puppeteer-core"));
const axe = fs.readFileSync(path.join(npm, "node_modules", "axe-core", "axe.min.js"), "utf8");

async function main() {
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  // Without a sandbox, because it runs as root in containers; the pages are our own.
  const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox"] });
  let wrong = 0;
  for (const name of fs.readdirSync(pages).filter((it) => it.endsWith(".html"))) {
    const page = await browser.newPage();
    const scheme = name.includes("dark") ? "dark" : "light";
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(`file://${path.join(pages, name)}`);
    await page.evaluate(axe);
    const { violations, passes } = await page.evaluate("axe.run(document)");
    console.log(`${name}: ${passes.length} rules pass, ${violations.length} do not`);
    for (const { id, impact, nodes } of violations) {
      console.log(`  ${id} (${impact}), ${nodes.length} times, as in ${nodes[0].html.slice(0, 200)}`);
    }
    wrong += violations.length;
    await page.close();
  }
  await browser.close();
  process.exitCode = wrong ? 1 : 0;
}

main();
