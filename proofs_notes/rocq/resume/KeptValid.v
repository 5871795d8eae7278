(* The schedules of Amin on the machine that keeps tokens are valid: the runs of a request do not
   overlap, they generate its output together, and only the last is completed. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Safety.
From AminRef.facts Require Import Sums Lists Decisions Rounds Policies Chosen.
From AminRef.resume Require Import Keeping Kept KeptMemory.
Import ListNotations.
Open Scope Z_scope.

(* What must hold of the runs of a list: their tokens, and that they are apart. *)
Definition well_cut (l : list run) : Prop :=
  ForallOrdPairs apart l /\ forall x, In x l ->
    if completed x then had l x + (stop x - start x) = output_len (of x)
    else had l x + (stop x - start x) < output_len (of x).

(* Runs of distinct requests are apart. *)
Lemma apart_if_distinct l : NoDup (map id (map of l)) -> ForallOrdPairs apart l.
Proof.
  induction l as [|x l IH]; cbn [map]; intros distinct; [constructor|].
  apply NoDup_cons_iff in distinct as [new distinct]. constructor; [|now apply IH].
  apply Forall_forall. intros y here same. exfalso. apply new. rewrite same.
  now apply in_map, in_map.
Qed.

Section Valid.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.

(* The runs of the past are well cut after a round, if they were before. *)
Lemma next_well_cut s E R L S A : keeps M B requests s -> decided_by (amin M B) s = (E, R, L) ->
  line_up (running s) = E ++ S -> queue_of (amin M B) s = A ++ L -> Permutation R (S ++ A) ->
  well_cut (log s) -> well_cut (log (keeping_round (amin M B) s)).
Proof.
  intros good decided lined_up queued now_running [separate cut].
  rewrite (next_state M B s E R L decided). cbn [log]. rewrite app_assoc.
  set (new := map (ends_kept (log s) (now s + 1) true) (filter has_all (map one_more R)) ++
    map (ends_kept (log s) (now s) false) E).
  assert (part : forall y, In y new -> In y (new_runs s E R))
    by (intros y here; unfold new_runs; rewrite !in_app_iff; apply in_app_iff in here; tauto).
  assert (later : forall x y, In x (log s) -> In y new -> id (of x) = id (of y) ->
    stop x <= start y).
  { intros x y here there. apply (new_run_later M B requests instance s E R L S A); auto. }
  assert (began : forall x y, In x (log s) -> In y new -> start x < stop y).
  { intros x y here there. pose proof (keeps_log _ _ _ s good) as past.
    rewrite Forall_forall in past. specialize (past x here). apply in_app_iff in there as
      [there|there]; apply in_map_iff in there as (j & <- & _); cbn; lia. }
  assert (own : forall x y, In x new -> In y new -> id (of x) = id (of y) -> start x < stop y).
  { intros x y here there. apply (new_runs_apart M B requests instance s E R L S A); auto. }
  split.
  - apply pairs_app; [|exact separate|intros y x here there same; right; now apply later].
    apply apart_if_distinct. unfold new. rewrite !map_app, !map_map. cbn [of ends_kept].
    pose proof (places_distinct M B requests instance s E R L S A good lined_up queued now_running)
      as distinct. rewrite !map_map in distinct. rewrite app_assoc in distinct.
    apply nodup_app in distinct as (distinct & _). now rewrite Permutation_app_comm.
  - intros x here. apply in_app_iff in here as [here|here].
    + rewrite (had_after new (log s) later own x here). apply in_app_iff in here as [here|here];
        apply in_map_iff in here as (j & <- & here); cbn.
      * apply filter_In in here as [_ all]. apply Z.eqb_eq in all. lia.
      * destruct (in_cache M B requests s E S good lined_up j) as (_ & (range & _) & _);
          [apply in_app_iff; auto|]. lia.
    + rewrite (had_before new (log s) began x here). exact (cut x here).
Qed.

(* They are always well cut. *)
Lemma always_well_cut n : well_cut (log (keeping (amin M B) requests n)).
Proof.
  induction n as [|n cut]; [split; [constructor|intros x []]|].
  pose proof (always_keeps M B requests instance n) as good.
  destruct (decided_by (amin M B) (keeping (amin M B) requests n)) as [[E R] L] eqn:decided.
  destruct (decided_parts M B requests instance _ _ _ _ good decided)
    as (S & A & lined_up & queued & now_running & _).
  exact (next_well_cut _ _ _ _ _ _ good decided lined_up queued now_running cut).
Qed.

(* Every schedule of Amin is valid. *)
Theorem schedule_valid_kept fuel l : simulate_keeping (amin M B) fuel requests = Some l ->
  valid_kept M B requests l.
Proof.
  intros made. pose proof (schedule_memory M B requests instance fuel l) as memory.
  destruct (simulated_state requests _ _ _ made) as (n & _ & ended & <-).
  pose proof (always_keeps M B requests instance n) as good.
  destruct (always_well_cut n) as [separate cut]. pose proof (keeps_log _ _ _ _ good) as well.
  rewrite Forall_forall in well. apply is_done_spec in ended as (no_R & no_W & no_C).
  pose proof (keeps_once _ _ _ _ good) as once. unfold requests_in in once.
  rewrite no_R, no_W, no_C in once. cbn in once. rewrite app_nil_r in once.
  constructor; [exact once| | |exact separate|intros t; now apply memory].
  - intros x here. destruct (well x here) as (is_known & _ & len & _).
    split; [exact is_known|]. split; [exact len|]. exact (cut x here).
  - intros x here. now destruct (well x here) as (_ & came & _).
Qed.
End Valid.
