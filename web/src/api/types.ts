// What the API answers, by the names that the page has for it: the schemas of docs/openapi.json, from
// which generated.ts is made before types are checked.
import type { components } from './generated.ts';

type Schemas = components['schemas'];

export interface Page<T> {
  items: T[];
  next?: string;
}

// [height, width]; the schema says it by its length.
type Size = [number, number];
type Sized<T, Name extends string = 'input'> = Omit<T, Name> & { [name in Name]: Size };

export type HeldBack = Schemas['HeldBack'];
export type Member = Sized<Schemas['FrontMember']>;
type WithMembers<T> = Omit<T, 'original' | 'fastest' | 'members'> & { original?: Member };
export type Front = WithMembers<Schemas['FrontAcross']> & { target?: string; members: Member[] };
export type Best = WithMembers<Schemas['Best']> & { fastest?: Member };

export type Constraint = Schemas['Constraint'];
export type Waiting = Schemas['Waiting'];
export type UnderWay = Schemas['UnderWay'];
// In a list it is without its fronts.
export type Job = Schemas['ListedJob'] &
  Partial<Pick<Schemas['Job'], 'labels' | 'under_way'>> & { best?: Best[] };
export type JobState = Job['state'];

export type Outcome = Schemas['TrialSummaryOutcome'];
// A trial in a list, without its plan.
export type Trial = Omit<Schemas['TrialSummary'], 'input'> & { input?: Size };
export type PlanTrial = Schemas['ToldTrial'];
export type PlanView = Schemas['PlanView'];
export type CandidateView = Schemas['Candidate'];

export type ReportLayer = Schemas['ReportLayer'];
export type Work = ReportLayer['original'];
export type ReportTarget = Omit<Schemas['ReportTarget'], 'input'> & { input?: Size };
export type Totals = Omit<Schemas['Report']['totals'], 'original'>;
export type Report = Omit<Schemas['Report'], 'targets'> & { targets: ReportTarget[] };

export type Card = Schemas['PartialCard'];
export type Summary = Schemas['ModelSummary'];
export type Model = Schemas['Model'];
export type Dataset = Schemas['Dataset'];
export type Target = Schemas['Target'];
export type Worker = Schemas['Worker'];
export type Comparison = Schemas['Comparison'];
export type Check = Schemas['TargetCheck'];
export type Task = Schemas['Task'];
export type Health = Schemas['Health'];
export type WhoAmI = Schemas['WhoAmI'];
export type Token = Schemas['Token'];
export type NewToken = Schemas['TokenShown'];
export type Samples = Schemas['Samples'];
export type AuditEntry = Schemas['AuditEntry'];
