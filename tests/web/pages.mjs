// What a person does on the pages, in Chromium: node pages.mjs PART FACTS (pages_test.py).
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const [part, text] = process.argv.slice(2);
const facts = JSON.parse(text);
const { target = 'x86', dataset = 'photos', model = 'boards' } = facts;
const patience = 60_000;

const browser = await chromium.launch({
  executablePath: process.env.PARE_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'], // tests may run as root
});

const complaints = [];
async function open(path, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
  page.setDefaultTimeout(patience);
  page.on('pageerror', (error) => complaints.push(`${path}: ${error}`));
  page.on('console', (message) => {
    // What a page asks for and is refused, or does not get, is said by the browser as well.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      complaints.push(`${path}: ${message.text()}`);
    }
  });
  await page.goto(facts.url + path);
  return page;
}

async function api(path) {
  return (await fetch(facts.url + path)).json();
}

// Nothing that a person with a screen reader or a keyboard would stumble over.
async function accessible(page, what) {
  // Outside of the page's own rules, which allow no script but its own.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const said = violations.map(
    (one) =>
      `${one.id}: ${one.help}\n    ${one.nodes
        .map((node) => node.html)
        .slice(0, 3)
        .join('\n    ')}`,
  );
  assert.deepEqual(said, [], `${what} is not accessible`);
}

async function fits(page, what) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${what} is ${over} pixels wider than its window`);
}

const parts = {
  // Before anything is there, each page says what to do next.
  async empty() {
    const page = await open('/');
    await page.getByText('No job yet').waitFor();
    await page.getByText('pare model add').waitFor();
    for (const [name, said] of [
      ['Models', 'No model yet'],
      ['Datasets', 'No images yet'],
      ['Fleet', 'pare target add'],
      ['Compare', 'Nothing was compared yet'],
    ]) {
      await page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
      await page.getByText(said).first().waitFor();
      await accessible(page, name);
    }
    assert.equal((await fetch(`${facts.url}/assets/..%2f..%2fpare`)).status, 404);
  },

  // From dropped files to a job that runs.
  async submit() {
    const page = await open('/new');
    await page.getByLabel('Drop an .onnx file').setInputFiles(facts.model);
    await page.getByLabel('Name').first().fill('boards');
    await page.getByLabel('Head and preparation').selectOption('yolox');
    await page.getByRole('button', { name: /^Upload/ }).click();
    await page.getByText('groups may be narrower').waitFor();

    await page.getByText('Bring others').click();
    await page.getByLabel('Images to calibrate on').setInputFiles(facts.calibration);
    await page.getByLabel('Images to score on').setInputFiles(facts.validation);
    await page.getByText('16 images').waitFor();
    await page.locator('#dataset-name').fill('photos');
    await page.getByRole('button', { name: /^Upload 24 images/ }).click();
    await page.getByText('8 images to calibrate on, 16 to score on').waitFor();

    await page.getByText('Add a target').click();
    await page.locator('#target-name').fill('x86');
    await page.locator('#target-runtime').fill('onnxruntime');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('checkbox', { name: /x86/ }).check();
    await page.getByLabel('Trials', { exact: true }).fill('6');
    await page.getByLabel('Trials', { exact: true }).press('Enter');
    await accessible(page, 'new job');

    const address = page.url();
    await page.reload();
    assert.equal(page.url(), address);
    await page.getByText('"trials": 6').waitFor();
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.getByRole('heading', { name: /^Job \d/ }).waitFor();
    // It moves by itself.
    await page
      .getByText(/Preparing|under way/)
      .first()
      .waitFor();
    await page.getByRole('heading', { name: /Trials: [1-9]/ }).waitFor({ timeout: 600_000 });
  },

  async job() {
    const path = `/jobs/${facts.job}`;
    const job = await api(`/v1${path}`);
    const front = await api(`/v1${path}/fronts/x86`);
    const page = await open(path);
    await page.getByRole('heading', { name: `Trials: ${job.trials.asked}` }).waitFor();

    // What is said is what the service says.
    const rows = page
      .getByRole('table', { name: 'Front x86' })
      .locator('tbody tr:not([aria-hidden])');
    await rows.first().waitFor();
    assert.equal(await rows.count(), front.members.length);
    const best = await api(`/v1${path}/fronts/x86?all=true`);
    assert.match(
      await page.getByRole('img', { name: /^Hypervolume/ }).getAttribute('aria-label'),
      new RegExp(best.hypervolume.toFixed(4)),
    );

    // A limit changes the answer and the address, and the address alone gives the same answer.
    const [fastest] = front.members;
    await page.getByLabel('losing at most').fill('');
    await page.getByLabel('losing at most').press('Enter');
    await page.waitForURL(/lost=any/);
    await page.getByLabel('taking at most').fill('0.0001');
    await page.getByLabel('taking at most').press('Enter');
    await page.getByText('Nothing fits. Nearest').waitFor();
    await page.getByLabel('taking at most').fill('100000');
    await page.getByLabel('taking at most').press('Enter');
    const answer = page.locator('.verdict code');
    await page.waitForFunction(
      (sha) => document.querySelector('.verdict code')?.textContent === sha,
      fastest.plan_sha256.slice(0, 10),
    );
    assert.match(page.url(), /ms=100000/);
    const again = await open(page.url().slice(facts.url.length));
    await again.locator('.verdict code').waitFor();
    assert.equal(await again.locator('.verdict code').textContent(), await answer.textContent());

    // The trials as a file have a row for each.
    const [csv] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as CSV' }).click(),
    ]);
    const lines = readFileSync(await csv.path(), 'utf8')
      .trim()
      .split('\r\n');
    assert.equal(lines.length, 1 + job.trials.asked);

    // A setting filters, and going back undoes it.
    await page.locator('.strip-row').first().click();
    await page.getByRole('heading', { name: /Trials: \d+ of \d+/ }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: `Trials: ${job.trials.asked}` }).waitFor();

    // By keyboard alone: the rows of the trials, and what one is.
    const trials = page.getByRole('region', { name: 'Trials on x86' });
    await trials.focus();
    await trials.press('j');
    await page.keyboard.press('j');
    await page.waitForFunction(
      (second) => document.activeElement.textContent === second,
      String(job.trials.asked - 1),
    );
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^Plan/ }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('f');
    await page.getByRole('heading', { name: 'Fleet', level: 1 }).waitFor();

    // What is downloaded is what was measured.
    await again.getByRole('link', { name: /^Download/ }).waitFor();
    const [download] = await Promise.all([
      again.waitForEvent('download'),
      again.getByRole('link', { name: /^Download/ }).click(),
    ]);
    const bytes = readFileSync(await download.path());
    assert.equal(createHash('sha256').update(bytes).digest('hex'), fastest.candidate_sha256);
  },

  // A search stands still, goes on, and ends when somebody says so twice.
  async pause() {
    const asked = { model, dataset, targets: [target], budget: { trials: 200 }, seed: 9 };
    const posted = await fetch(`${facts.url}/v1/jobs`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(asked),
    });
    const page = await open(`/jobs/${(await posted.json()).id}`);
    await page.getByRole('button', { name: 'Pause' }).click({ timeout: 300_000 });
    await page.getByText('paused', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('searching', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Cancel job' }).click();
    await page.getByRole('button', { name: 'Cancel it' }).click();
    await page.getByText('cancelled', { exact: true }).waitFor();
  },

  async compare() {
    const page = await open(`/comparisons?job=${facts.job}&target=x86`);
    await page.getByLabel('At most').fill('5');
    await page.getByLabel('At most').press('Tab');
    await page.getByRole('button', { name: 'Measure' }).click();
    await page.getByRole('heading', { name: /^Comparison \d/ }).waitFor();
    const id = page.url().match(/comparisons\/(\d+)/)[1];
    await page
      .getByText(/^B is .* than A|times (faster|slower)/)
      .first()
      .waitFor({ timeout: 300_000 });
    const { result } = await api(`/v1/comparisons/${id}`);
    await page.getByText(result.sentence).waitFor();
    await page.getByText(result.latency.ratio.toFixed(3)).first().waitFor();
    await accessible(page, 'comparison');
  },

  async every_page() {
    const front = await api(`/v1/jobs/${facts.job}/fronts/${target}`);
    const plan = `/plans/${front.members[0].plan_sha256.slice(0, 10)}?job=${facts.job}`;
    const paths = {
      jobs: '/jobs',
      job: `/jobs/${facts.job}`,
      selected: `/jobs/${facts.job}?sel=2&view=all&ms=1000`,
      plan,
      layers: `${plan}&tab=layers`,
      accuracies: `${plan}&tab=classes`,
      evidence: `${plan}&tab=evidence`,
      use: `${plan}&tab=use`,
      models: '/models',
      model: `/models/${model}`,
      datasets: '/datasets',
      dataset: `/datasets/${dataset}`,
      fleet: '/fleet',
      comparisons: '/comparisons',
      comparison: '/comparisons/1',
      new: `/new?model=${model}&dataset=${dataset}&target=${target}`,
      system: '/system',
      nowhere: '/jobs/99999',
    };
    if (facts.shots) mkdirSync(facts.shots, { recursive: true });
    for (const colorScheme of ['light', 'dark']) {
      for (const width of [1440, 390]) {
        for (const [name, path] of Object.entries(paths)) {
          const what = `${name}, ${colorScheme}, ${width}`;
          const page = await open(path, { colorScheme, viewport: { width, height: 900 } });
          await page.locator('main').waitFor();
          await page.waitForFunction(() => !document.querySelector('.skeleton'));
          await page.waitForLoadState('networkidle', { timeout: 1500 }).catch(() => {});
          for (const looked of [fits, accessible]) {
            await looked(page, what).catch((error) => complaints.push(error.message));
          }
          if (facts.shots) {
            const file = `${facts.shots}/${name}-${width}-${colorScheme}.png`;
            await page.screenshot({ path: file, fullPage: true });
          }
          await page.close();
        }
      }
    }
  },

  // The service goes and comes back under an open page.
  async restart() {
    const page = await open(`/jobs/${facts.job}`);
    const trials = page.getByRole('heading', { name: /^Trials: [1-9]/ });
    await trials.waitFor();
    const fleet = await open('/fleet');
    await fleet.getByText('live').waitFor();
    await fleet.context().setOffline(true);
    await fleet.getByText(/away/).waitFor();
    const stays = fleet.getByRole('heading', { name: 'Targets' });
    assert.ok(await stays.isVisible(), 'what was there stays');
    await fleet.context().setOffline(false);
    await fleet.locator('.mark.live').waitFor();
    // One that dies is back before anybody notices, or a moment later.
    process.kill(facts.coordinator, 'SIGKILL');
    assert.ok(await trials.isVisible(), 'what was there stays');
    await fleet.waitForResponse(
      (response) => response.url().endsWith('/healthz') && [200, 304].includes(response.status()),
    );
    await fleet.locator('.mark.live').waitFor();
  },

  async tokens() {
    const page = await open('/jobs');
    await page.getByRole('heading', { name: 'This service asks for a token' }).waitFor();
    await accessible(page, 'sign-in');
    await page.getByLabel('Token').fill('pare_of_nobody');
    await page.getByRole('button', { name: 'Enter' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Token').fill(facts.token);
    await page.getByRole('button', { name: 'Enter' }).click();
    await page.getByText('No job yet').waitFor();
    const kept = await page.evaluate(() => [
      JSON.stringify({ ...localStorage }),
      sessionStorage.length,
    ]);
    assert.ok(!kept[0].includes(facts.token) && kept[1] === 1, 'the token is for this tab alone');

    await page.getByRole('link', { name: 'System' }).click();
    await page.locator('#token-name').fill('laptop');
    await page.getByRole('button', { name: 'Make a token' }).click();
    await page.getByText('is shown this once').waitFor();
    await page
      .getByRole('cell', { name: '/v1/tokens' })
      .or(page.getByText('POST /v1/tokens'))
      .first()
      .waitFor();
    await accessible(page, 'system with tokens');
    await page.getByRole('button', { name: /leave/ }).click();
    await page.getByRole('heading', { name: 'This service asks for a token' }).waitFor();
  },
};

try {
  await parts[part]();
  assert.deepEqual(complaints, []);
  console.log(`${part}: as it should be`);
} finally {
  await browser.close();
}
