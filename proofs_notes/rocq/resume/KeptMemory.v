(* T1 on the machine that keeps tokens: in each round, the runs hold what the plan of that round
   said, and in the rounds of the past they hold what they held before. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Steps Rounds Policies Chosen.
From AminRef.resume Require Import Keeping Kept.
Import ListNotations.
Open Scope Z_scope.

(* Runs that all count have all tokens. *)
Lemma tokens_all p l r : (forall x, In x l -> id (of x) = id r -> p x = true) ->
  tokens_in (filter p l) r = tokens_in l r.
Proof.
  intros all. unfold tokens_in. rewrite !sum_filter. apply sum_ext. intros x here.
  destruct (Z.eqb_spec (id (of x)) (id r)) as [same|]; [now rewrite (all x here same)|].
  now destruct (p x).
Qed.

(* Runs of which none counts have no tokens. *)
Lemma tokens_none p l r : (forall x, In x l -> id (of x) = id r -> p x = false) ->
  tokens_in (filter p l) r = 0.
Proof.
  intros none. apply tokens_of_others. intros x here same. apply filter_In in here as [here yes].
  now rewrite (none x here same) in yes.
Qed.

Section Added.
Variable B : Z.

(* What run x occupies in round t, if its request had h tokens when x began. *)
Definition holds_from (h t : Z) (x : run) : Z :=
  if (start x <=? t) && (t <? stop x) then occ B (prompt_len (of x) + h + (t - start x) + 1) else 0.

Variables new l : list run.
Hypothesis old_first : forall x y, In x l -> In y new -> id (of x) = id (of y) -> stop x <= start y.
Hypothesis old_began : forall x y, In x l -> In y new -> start x < stop y.
Hypothesis new_apart : forall x y, In x new -> In y new -> id (of x) = id (of y) ->
  start x < stop y.

(* Later runs do not change what an earlier run had. *)
Lemma had_before x : In x l -> had (new ++ l) x = had l x.
Proof.
  intros here. unfold had. rewrite filter_app, tokens_app, tokens_none; [lia|].
  intros y there _. apply Z.leb_gt. now apply old_began.
Qed.

(* A later run had all tokens of the earlier ones. *)
Lemma had_after y : In y new -> had (new ++ l) y = tokens_in l (of y).
Proof.
  intros here. unfold had. rewrite filter_app, tokens_app, tokens_none, tokens_all; [lia| |].
  - intros x there same. apply Z.leb_le. now apply old_first.
  - intros x there same. apply Z.leb_gt. now apply new_apart.
Qed.

(* What the later runs occupy is added to what the earlier runs occupy. *)
Lemma occupancy_added t : occupancy_kept B (new ++ l) t =
  sum (fun y => holds_from (tokens_in l (of y)) t y) new + occupancy_kept B l t.
Proof.
  unfold occupancy_kept. rewrite sum_app. f_equal; apply sum_ext; intros x here;
    unfold holds_kept, holds_from; [now rewrite had_after|now rewrite had_before].
Qed.
End Added.

Section Memory.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Let block := some_block _ _ _ instance.

(* What the run of j that has reached time `till` occupies in round t. *)
Definition held (s : state) (till t : Z) (j : job request) : Z :=
  holds_from B (tokens_in (log s) (tag j)) t (ends_kept (log s) till false j).

(* What the runs of a state occupy: those that go on, and those of the past. *)
Lemma occupancy_of s t : keeps M B requests s -> occupancy_kept B (kept_so_far s) t =
  sum (held s (now s) t) (running s) + occupancy_kept B (log s) t.
Proof.
  intros good. unfold kept_so_far. pose proof (keeps_running _ _ _ s good) as runs.
  pose proof (keeps_log _ _ _ s good) as past. rewrite Forall_forall in runs, past.
  rewrite occupancy_added, sum_map; [reflexivity| | |]; intros x y here there.
  - apply in_map_iff in there as (j & <- & there). intros same. cbn in *.
    exact (keeps_after _ _ _ s good x j here there same).
  - apply in_map_iff in there as (j & <- & there). specialize (past x here). cbn. lia.
  - intros _. apply in_map_iff in here as (i & <- & here).
    apply in_map_iff in there as (j & <- & there).
    destruct (runs i here) as (_ & range & _). cbn. lia.
Qed.

Section Round.
Variable s : state.
Variables E R L S A : list (job request).
Hypothesis good : keeps M B requests s.
Hypothesis decided : decided_by (amin M B) s = (E, R, L).
Hypothesis lined_up : line_up (running s) = E ++ S.
Hypothesis queued : queue_of (amin M B) s = A ++ L.
Hypothesis running_now : Permutation R (S ++ A).
Hypothesis fit : never_exceeds M B (S ++ A).
Let s' := keeping_round (amin M B) s.
Let finished := filter has_all (map one_more R).
Let going := filter unfinished (map one_more R).

(* The runs that are new in the next state. *)
Definition new_runs : list run :=
  map (ends_kept (log s) (now s + 1) false) going ++
  map (ends_kept (log s) (now s + 1) true) finished ++ map (ends_kept (log s) (now s) false) E.

(* They stand before those of the past. *)
Lemma so_far_next : kept_so_far s' = new_runs ++ log s.
Proof.
  unfold kept_so_far, new_runs.
  assert (same : map (ends_kept (log s') (now s') false) (running s')
    = map (ends_kept (log s) (now s + 1) false) going).
  { replace (running s') with going by (unfold s'; now rewrite (next_state M B s E R L decided)).
    apply map_ext_in. intros j here. unfold ends_kept.
    rewrite (tokens_unchanged M B s E R L decided); [unfold s';
      now rewrite (next_state M B s E R L decided)|].
    apply (others M B requests instance s E R L S A good lined_up queued running_now).
    apply in_app_iff. left. now apply in_map, in_map. }
  rewrite same. unfold s'. rewrite (next_state M B s E R L decided). cbn [log].
  now rewrite <- !app_assoc.
Qed.

(* A new run is the run of a job that was evicted, or of one that generated a token. *)
Lemma new_run_of y : In y new_runs ->
  (exists j, In j E /\ y = ends_kept (log s) (now s) false j) \/
  (exists i how, In i (S ++ A) /\ In (one_more i) (finished ++ going) /\
    y = ends_kept (log s) (now s + 1) how (one_more i)).
Proof.
  assert (made : forall j how, In j (finished ++ going) -> exists i how', In i (S ++ A) /\
    In (one_more i) (finished ++ going) /\
    ends_kept (log s) (now s + 1) how j = ends_kept (log s) (now s + 1) how' (one_more i)).
  { intros j how here. destruct (from_generating R S A running_now j here) as (i & there & ->).
    exists i, how. auto. }
  unfold new_runs. rewrite !in_app_iff, !in_map_iff.
  intros [(j & <- & here)|[(j & <- & here)|(j & <- & here)]].
  - right. apply made. apply in_app_iff. auto.
  - right. apply made. apply in_app_iff. auto.
  - left. eauto.
Qed.

(* A new run began after the earlier runs of its request. *)
Lemma new_run_later x y : In x (log s) -> In y new_runs -> id (of x) = id (of y) ->
  stop x <= start y.
Proof.
  intros here there same.
  apply new_run_of in there as [(j & there & ->)|(i & how & there & _ & ->)];
    cbn in same |- *.
  - apply (after_log M B requests instance s E L S A good lined_up queued); auto.
    left. apply in_app_iff. auto.
  - enough (stop x <= now s - (generated i - tokens_in (log s) (tag i))) by lia.
    apply (after_log M B requests instance s E L S A good lined_up queued); auto.
    rewrite !in_app_iff in *. tauto.
Qed.

(* Each request has one new run at most. *)
Lemma new_runs_apart x y : In x new_runs -> In y new_runs -> id (of x) = id (of y) ->
  start x < stop y.
Proof.
  pose proof (places_distinct M B requests instance s E R L S A good lined_up queued running_now)
    as distinct. apply nodup_app in distinct as (_ & _ & distinct).
  intros here there same.
  apply new_run_of in here as [(j & here & ->)|(i & how & here & among & ->)].
  - destruct (in_cache M B requests s E S good lined_up j) as (_ & (range & _) & _);
      [apply in_app_iff; auto|].
    apply new_run_of in there as [(j' & _ & ->)|(i' & how' & _ & _ & ->)]; cbn; lia.
  - destruct (generates M B requests instance s E L S A good lined_up queued i here)
      as (_ & range & _).
    apply new_run_of in there as [(j' & there & ->)|(i' & how' & _ & _ & ->)]; cbn in *; [|lia].
    exfalso. apply (distinct (id (tag j'))); [now apply in_map, in_map|].
    rewrite <- same, app_assoc, in_app_iff. left. rewrite <- !map_app.
    change (id (tag i)) with (id (tag (one_more i))). now apply in_map, in_map.
Qed.

(* What the runs of the next state occupy. *)
Lemma next_occupancy t : occupancy_kept B (kept_so_far s') t =
  sum (fun i => held s (now s + 1) t (one_more i)) (S ++ A) + sum (held s (now s) t) E
  + occupancy_kept B (log s) t.
Proof.
  rewrite so_far_next, occupancy_added.
  - unfold new_runs. rewrite !sum_app, !sum_map.
    rewrite <- (sum_app _ S A), <- (sum_map (held s (now s + 1) t) one_more).
    rewrite (sum_perm _ _ _ (generating_perm R S A running_now)), sum_app.
    unfold held, holds_from, finished, going. cbn [of start stop ends_kept]. lia.
  - exact new_run_later.
  - intros x y here there. pose proof (keeps_log _ _ _ s good) as past.
    rewrite Forall_forall in past. specialize (past x here).
    apply new_run_of in there as [(j & _ & ->)|(i & how & _ & _ & ->)]; cbn; lia.
  - exact new_runs_apart.
Qed.

(* In a round of the past, the runs hold what they held before. *)
Lemma held_before t : t < now s ->
  sum (fun i => held s (now s + 1) t (one_more i)) (S ++ A) + sum (held s (now s) t) E
  = sum (held s (now s) t) (running s).
Proof.
  intros past. rewrite sum_app, (sum_zero _ A).
  - rewrite (sum_ext _ (held s (now s) t) S).
    + assert (all : sum (held s (now s) t) (E ++ S) = sum (held s (now s) t) (running s)).
      { rewrite <- lined_up, (sum_perm _ _ _ (line_up_perm _)), sum_map. reflexivity. }
      rewrite sum_app in all. lia.
    + intros j _. unfold held, holds_from. cbn [ends_kept one_more of start stop tag generated].
      replace (t <? now s + 1) with true by (symmetry; apply Z.ltb_lt; lia).
      replace (t <? now s) with true by (symmetry; apply Z.ltb_lt; lia).
      set (k := tokens_in (log s) (tag j)).
      now replace (now s + 1 - (generated j + 1 - k)) with (now s - (generated j - k)) by lia.
  - intros j here. destruct (in_queue M B requests instance s L A good queued j) as (_ & same & _);
      [apply in_app_iff; auto|]. unfold held, holds_from.
    cbn [ends_kept one_more of start stop tag generated].
    replace (_ <=? t) with false by (symmetry; apply Z.leb_gt; lia). reflexivity.
Qed.

(* In this round, they hold their next tokens. *)
Lemma held_now : sum (fun i => held s (now s + 1) (now s) (one_more i)) (S ++ A)
  = next_tokens B (S ++ A).
Proof.
  apply sum_ext. intros j here.
  destruct (generates M B requests instance s E L S A good lined_up queued j here)
    as ((_ & _ & same & _) & range & _). unfold held, holds_from, will_hold.
  rewrite whole_blocks_occ by exact block. cbn [ends_kept one_more of start stop tag generated].
  replace (_ <=? now s) with true by (symmetry; apply Z.leb_le; lia).
  replace (now s <? now s + 1) with true by (symmetry; apply Z.ltb_lt; lia).
  cbn [andb]. f_equal. lia.
Qed.

(* The runs of the past hold nothing from the present round on. *)
Lemma past_is_over t : now s <= t -> occupancy_kept B (log s) t = 0.
Proof.
  intros later. apply sum_zero. intros x here. pose proof (keeps_log _ _ _ s good) as past.
  rewrite Forall_forall in past. specialize (past x here). unfold holds_kept.
  replace (t <? stop x) with false by (symmetry; apply Z.ltb_ge; lia). now rewrite andb_false_r.
Qed.

(* Memory is kept in this round, if it was before. *)
Lemma next_memory : (forall t, t < now s -> occupancy_kept B (kept_so_far s) t <= M) ->
  forall t, t < now s' -> occupancy_kept B (kept_so_far s') t <= M.
Proof.
  intros before t. rewrite next_occupancy. replace (now s') with (now s + 1)
    by (unfold s'; now rewrite (next_state M B s E R L decided)).
  intros past. destruct (Z.eq_dec t (now s)) as [->|earlier].
  - rewrite held_now, past_is_over by lia. rewrite (sum_zero _ E).
    + rewrite next_tokens_now. pose proof (fit 0 (Z.le_refl 0)). lia.
    + intros j _. unfold held, holds_from. cbn. now rewrite Z.ltb_irrefl, andb_false_r.
  - specialize (before t ltac:(lia)). rewrite (occupancy_of s t good) in before.
    pose proof (held_before t ltac:(lia)). lia.
Qed.
End Round.

(* T1 for a run that goes on. *)
Lemma memory_kept n t : t < now (keeping (amin M B) requests n) ->
  occupancy_kept B (kept_so_far (keeping (amin M B) requests n)) t <= M.
Proof.
  revert t. induction n as [|n before]; [intros t _; exact (some_capacity _ _ _ instance)|].
  pose proof (always_keeps M B requests instance n) as good.
  destruct (decided_by (amin M B) (keeping (amin M B) requests n)) as [[E R] L] eqn:decided.
  destruct (decided_parts M B requests instance _ _ _ _ good decided)
    as (S & A & lined_up & queued & now_running & _ & _ & fit & _).
  exact (next_memory _ _ _ _ _ _ good decided lined_up queued now_running fit before).
Qed.

(* One round more, at either end. *)
Lemma keeping_shift p n s :
  Nat.iter n (keeping_round p) (keeping_round p s)
  = keeping_round p (Nat.iter n (keeping_round p) s).
Proof. induction n as [|n IH]; [reflexivity|]. exact (f_equal (keeping_round p) IH). Qed.

(* The schedule of a policy is the log of a state without requests. *)
Lemma simulated_state p fuel l : simulate_keeping p fuel requests = Some l -> exists n,
  (n <= fuel)%nat /\ is_done (keeping p requests n) = true /\ log (keeping p requests n) = l.
Proof.
  unfold simulate_keeping, keeping. generalize (begin requests). induction fuel as [|fuel IH];
    intros s made; cbn [keeping_rounds] in made; destruct (is_done s) eqn:ended; try discriminate;
    try (injection made as <-; exists 0%nat; repeat split; [lia|exact ended]).
  destruct (IH _ made) as (n & in_time & there & same). exists (Datatypes.S n).
  change (Nat.iter (Datatypes.S n) (keeping_round p) s)
    with (keeping_round p (Nat.iter n (keeping_round p) s)). rewrite <- keeping_shift.
  repeat split; [lia|exact there|exact same].
Qed.

(* T1 for a whole schedule. *)
Lemma schedule_memory fuel l t : simulate_keeping (amin M B) fuel requests = Some l ->
  occupancy_kept B l t <= M.
Proof.
  intros made. destruct (simulated_state _ _ _ made) as (n & _ & ended & <-).
  pose proof (always_keeps M B requests instance n) as good.
  apply is_done_spec in ended as (none & _). destruct (Z.lt_ge_cases t
    (now (keeping (amin M B) requests n))) as [past|later].
  - pose proof (memory_kept n t past) as fit. unfold kept_so_far in fit. now rewrite none in fit.
  - rewrite (past_is_over _ good t later). exact (some_capacity _ _ _ instance).
Qed.

(* T1. *)
Lemma memory_safety_kept :
  (forall n t, let s := keeping (amin M B) requests n in
    t < now s -> occupancy_kept B (kept_so_far s) t <= M) /\
  (forall fuel l t, simulate_keeping (amin M B) fuel requests = Some l ->
    occupancy_kept B l t <= M).
Proof. split; [exact memory_kept|exact schedule_memory]. Qed.
End Memory.
