// Models and datasets from files that are dropped: named by what is in them, sent, registered.
import { useRef, useState } from 'preact/hooks';
import { asProblem, change, type Problem, Problem as ProblemError, upload } from '../api/client.ts';
import { sha256Of } from '../domain/digest.ts';
import { type Chosen, imagesOf, tarOf } from '../domain/tar.ts';
import * as format from '../format.ts';
import { Bar, Select, Trouble } from '../ui/parts.tsx';

interface Found {
  path: string;
  file: File;
}

interface Step {
  what: string;
  share: number;
}

// Hashes, sends, registers; says how far it is.
async function send(
  content: Blob,
  route: string,
  document: Record<string, unknown>,
  say: (step: Step) => void,
): Promise<void> {
  const sha256 = await sha256Of(content, (share) => say({ what: 'Reading', share }));
  await upload(sha256, content, (share) => say({ what: 'Sending', share }));
  say({ what: 'Registering', share: 1 });
  await change('PUT', route, { ...document, sha256 });
}

// Of a drop, also what lies in its folders.
async function filesOf(transfer: DataTransfer): Promise<Found[]> {
  const entries = [...transfer.items]
    .map((item) => item.webkitGetAsEntry())
    .filter((e) => e !== null);
  const out: Found[] = [];
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    if (entry.isFile) {
      const file = await new Promise<File>((done, failed) =>
        (entry as FileSystemFileEntry).file(done, failed),
      );
      out.push({ path: entry.fullPath, file });
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((done, failed) =>
        reader.readEntries(done, failed),
      );
      if (some.length === 0) return;
      for (const one of some) await walk(one);
    }
  };
  for (const entry of entries) await walk(entry);
  return out;
}

interface DropProps {
  label: string;
  hint: string;
  accept?: string;
  folder?: boolean;
  took: (files: Found[]) => void;
}

function Drop({ label, hint, accept, folder, took }: DropProps) {
  const [over, setOver] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const picked = (files: FileList | null): void => {
    took([...(files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
  };
  return (
    <label
      class={`drop ${over ? 'over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer) void filesOf(event.dataTransfer).then(took);
      }}
    >
      <input
        ref={field}
        type="file"
        accept={accept}
        multiple={folder ?? false}
        {...(folder ? { webkitdirectory: true } : {})}
        onChange={(event) => picked(event.currentTarget.files)}
      />
      <strong>{label}</strong>
      <span class="muted">{hint}</span>
    </label>
  );
}

function Doing({ step }: { step: Step }) {
  return (
    <div class="progress-row" role="status">
      <span>
        {step.what} {format.percent(step.share)}
      </span>
      <Bar share={step.share} label={step.what} />
    </div>
  );
}

// "best run (3).onnx" is "best-run-3".
export function nameOf(file: string): string {
  const plain = file
    .replace(/\.[^.]*$/, '')
    .replace(/[^A-Za-z0-9._+-]+/g, '-')
    .replace(/^[.-]+|-+$/g, '');
  return plain.slice(0, 100);
}

const heads = [
  ...['yolov5', 'yolov8', 'yolox', 'yolov3', 'yolov4', 'yolov6', 'yolov10', 'yolov5_maps'],
  ...[
    'yolov7_maps',
    'yolox_decoded',
    'ppyoloe',
    'rtmdet',
    'nanodet',
    'nanodet_plus',
    'ssd',
    'fcos',
  ],
  ...['retinanet', 'fastestdet', 'centernet', 'centerface', 'scrfd', 'yunet'],
];

function useSending(added: (name: string) => void) {
  const [step, setStep] = useState<Step>();
  const [problem, setProblem] = useState<Problem>();
  const begin = async (name: string, content: Blob, route: string, more: object): Promise<void> => {
    setProblem(undefined);
    try {
      await send(content, route, { name, ...more }, setStep);
      added(name);
    } catch (thrown) {
      setProblem(asProblem(thrown));
    }
    setStep(undefined);
  };
  return { step, problem, setProblem, begin };
}

export function AddModel({ added }: { added: (name: string) => void }) {
  const [file, setFile] = useState<File>();
  const [name, setName] = useState('');
  const [head, setHead] = useState('');
  const { step, problem, setProblem, begin } = useSending(added);
  const took = (files: Found[]): void => {
    const onnx = files.find((one) => one.file.name.toLowerCase().endsWith('.onnx'));
    if (!onnx) {
      setProblem(
        new ProblemError(
          0,
          'That is no ONNX file',
          'Export the detector as .onnx and drop it here.',
        ),
      );
      return;
    }
    setProblem(undefined);
    setFile(onnx.file);
    setName(nameOf(onnx.file.name));
  };
  return (
    <>
      <Drop label="Drop an .onnx file" hint="or click to choose one" accept=".onnx" took={took} />
      {file && (
        <form
          class="row-form"
          onSubmit={(event) => {
            event.preventDefault();
            const card = head ? { card: { head } } : {};
            void begin(name, file, '/v1/models', card).then(() => setFile(undefined));
          }}
        >
          <span class="field">
            <label for="model-name">Name</label>
            <input
              id="model-name"
              value={name}
              required
              maxLength={100}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </span>
          <Select
            label="Head and preparation"
            value={head}
            options={[['', 'recognise it'], ...heads.map((one): [string, string] => [one, one])]}
            change={setHead}
          />
          <button type="submit" class="primary" disabled={step !== undefined || !name}>
            Upload {format.bytes(file.size)}
          </button>
        </form>
      )}
      {step && <Doing step={step} />}
      {problem && <Trouble problem={problem} />}
    </>
  );
}

function Said({ chosen }: { chosen: Chosen }) {
  return (
    <p class={chosen.images === 0 ? 'warn-text' : 'muted'}>
      {format.plural(chosen.images, 'image')}
      {chosen.leftOut.length > 0 &&
        `, ${format.plural(chosen.leftOut.length, 'other file')} left out`}
      {chosen.twice.length > 0 &&
        `, ${chosen.twice.length} with a name that is taken (${chosen.twice[0]})`}
    </p>
  );
}

export function AddDataset({ added }: { added: (name: string) => void }) {
  const [calibration, setCalibration] = useState<Chosen>();
  const [validation, setValidation] = useState<Chosen>();
  const [labels, setLabels] = useState<File>();
  const [name, setName] = useState('');
  const { step, problem, begin } = useSending(added);
  const ready = (calibration?.images ?? 0) > 0 && (validation?.images ?? 0) > 0;
  const takeValidation = (files: Found[]): void => {
    setValidation(imagesOf(files, 'validation'));
    const beside = files.find((one) => one.file.name.toLowerCase() === 'labels.json');
    if (beside) setLabels(beside.file);
    const folder = files[0]?.path.split('/').filter(Boolean)[0];
    if (folder && !name) setName(nameOf(`${folder}.`));
  };
  return (
    <details>
      <summary>Bring others</summary>
      <div class="drops">
        <div>
          <Drop
            label="Images to calibrate on"
            hint="a folder; no labels needed"
            folder
            took={(files) => setCalibration(imagesOf(files, 'calibration'))}
          />
          {calibration && <Said chosen={calibration} />}
        </div>
        <div>
          <Drop label="Images to score on" hint="another folder" folder took={takeValidation} />
          {validation && <Said chosen={validation} />}
        </div>
        <div>
          <Drop
            label="Labels, if there are some"
            hint="COCO, labels.json"
            accept=".json"
            took={(files) => setLabels(files[0]?.file)}
          />
          {labels && (
            <p class="muted">
              {labels.name}, {format.bytes(labels.size)}
            </p>
          )}
        </div>
      </div>
      {ready && (
        <form
          class="row-form"
          onSubmit={(event) => {
            event.preventDefault();
            const content = tarOf([
              ...calibration!.entries,
              ...validation!.entries,
              ...(labels ? [{ name: 'labels.json', content: labels }] : []),
            ]);
            void begin(name, content, '/v1/datasets', {});
          }}
        >
          <span class="field">
            <label for="dataset-name">Name</label>
            <input
              id="dataset-name"
              value={name}
              required
              maxLength={100}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </span>
          <button type="submit" class="primary" disabled={step !== undefined || !name}>
            Upload {format.plural(calibration!.images + validation!.images, 'image')}
          </button>
          {!labels && (
            <span class="muted">Without labels, accuracy is agreement with the original.</span>
          )}
        </form>
      )}
      {step && <Doing step={step} />}
      {problem && <Trouble problem={problem} />}
    </details>
  );
}
