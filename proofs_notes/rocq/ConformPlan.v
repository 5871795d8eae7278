(* L5: what the checker knows of the plan, and in which rounds it need look. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Safety Check Conform Quiet ConformRounds
  ConformQuiet.
From AminRef.facts Require Import Sums Lists Blocks Decisions.
Import ListNotations.
Open Scope Z_scope.

Section Plan.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Variable l : list run.
Hypothesis right : valid M B requests l.
Variable t : Z.
Let block := some_block _ _ _ instance.
Notation past := (filter (ended_by t) l).

(* Those that run are the runs that go on. *)
Lemma running_in_now : running_in requests l t = map (at_step_2 l t) (filter (runs_at t) l).
Proof. unfold running_in, after_2. cbn [state_at running]. now rewrite map_map. Qed.

(* A run is planned up to its assumed length, as it was when it started. *)
Lemma planned_by_run tau : t < tau -> planned_in B requests l t tau =
  sum (fun x => if tau <? start x + learnt_from past (of x)
    then occ B (prompt_len (of x) + (tau - start x + 1)) else 0) (filter (runs_at t) l).
Proof.
  intros later. unfold planned_in. rewrite running_in_now, as_assumed_sum, sum_map.
  apply sum_ext. intros x here. apply filter_In in here as [_ going].
  apply andb_true_iff in going as [began _]. apply Z.ltb_lt in began.
  unfold at_step_2, more_tokens. rewrite learnt_assumed. unfold will_hold.
  cbn [learnt running_job assumed generated prompt]. rewrite whole_blocks_occ by exact block.
  set (L := learnt_from past (of x)).
  replace (t - start x + (tau - t + 1)) with (tau - start x + 1) by lia.
  destruct (Z.ltb_spec (t - start x) (Z.max (Z.max L (t - start x - 1)) (t - start x)));
    match goal with |- (if ?a <? ?b then _ else _) = (if ?c <? ?d then _ else _) =>
      destruct (Z.ltb_spec a b), (Z.ltb_spec c d) end; lia.
Qed.

(* The schedule evicts the request of a run that goes on if that run stops now. *)
Lemma evicts_run x : In x l -> runs_at t x = true ->
  evicts l t (at_step_2 l t x) = (stop x =? t).
Proof.
  intros here going. apply andb_true_iff in going as [began going]. apply Z.ltb_lt in began.
  apply negb_true_iff, orb_false_iff in going as [stays not_done]. apply Z.ltb_ge in stays.
  destruct (Z.eqb_spec (stop x) t) as [ends|goes].
  - apply existsb_exists. exists x. split; [exact here|]. cbn [andb] in not_done. rewrite not_done.
    unfold at_step_2. cbn [learnt running_job tag].
    now rewrite (proj2 (same_spec _ _) eq_refl), ends, Z.eqb_refl.
  - apply not_true_iff_false. intros yes. apply existsb_exists in yes as (y & there & yes).
    rewrite !andb_true_iff, same_spec, Z.eqb_eq in yes. destruct yes as ((one & at_t) & _).
    unfold at_step_2 in one. cbn [learnt running_job tag] in one.
    destruct (run_known M B requests instance l right y there) as (_ & _ & some).
    assert (x = y) as -> by (apply (one_run M B requests l right (t - 1)); auto; lia).
    lia.
Qed.

(* With their next tokens, those that stay hold what the schedule holds without those that start. *)
Lemma held_by_the_rest :
  next_tokens B (filter (fun j => negb (evicts l t j)) (running_in requests l t)) =
  occupancy B l t - sum (fun x => occ B (prompt_len (of x) + 1)) (filter (fun x => start x =? t) l).
Proof.
  rewrite running_in_now, filter_image. unfold next_tokens, occupancy.
  rewrite sum_map, !sum_filter.
  enough (sum (holds_in B t) l = sum (fun x => (if runs_at t x then
    if negb (evicts l t (at_step_2 l t x)) then will_hold B 0 (at_step_2 l t x) else 0 else 0)
    + (if start x =? t then occ B (prompt_len (of x) + 1) else 0)) l)
    by (rewrite sum_plus in *; lia).
  apply sum_ext. intros x here. destruct (run_known M B requests instance l right x here)
    as (_ & _ & some).
  unfold holds_in. destruct (runs_at t x) eqn:going.
  - rewrite (evicts_run x here going). apply andb_true_iff in going as [began going].
    apply Z.ltb_lt in began. apply negb_true_iff, orb_false_iff in going as [stays _].
    apply Z.ltb_ge in stays. rewrite (proj2 (Z.leb_le _ _)), (proj2 (Z.eqb_neq (start x) t)) by lia.
    unfold will_hold, at_step_2. cbn [learnt running_job generated prompt].
    rewrite whole_blocks_occ by exact block.
    destruct (Z.eqb_spec (stop x) t), (Z.ltb_spec t (stop x)); cbn [negb andb]; try lia.
    rewrite Z.add_0_r. f_equal. lia.
  - destruct (Z.eqb_spec (start x) t) as [begins|other].
    + rewrite begins, Z.leb_refl, (proj2 (Z.ltb_lt _ _)) by lia. cbn [andb]. rewrite Z.add_0_l.
      f_equal. lia.
    + unfold runs_at, ended_by in going.
      destruct (Z.ltb_spec (start x) t), (Z.leb_spec (start x) t), (Z.ltb_spec (stop x) t),
        (Z.ltb_spec t (stop x)), (Z.eqb_spec (stop x) t); cbn in *; try lia; discriminate.
Qed.
End Plan.

(* An admission changes the plan only in the rounds in which those admitted are planned. *)
Lemma rounds_of_admitted M B S A : never_exceeds M B S ->
  (never_exceeds M B (S ++ A) <->
   forall k, 0 <= k < longest A -> as_assumed B k S + as_assumed B k A <= M).
Proof.
  intros fits. split.
  - intros all k range. rewrite <- as_assumed_app. apply all. lia.
  - intros all k later. rewrite as_assumed_app. destruct (Z.lt_ge_cases k (longest A)) as [inside|
      after]; [apply all; lia|].
    specialize (fits k later). unfold as_assumed at 2. rewrite (filter_none _ A).
    + cbn [sum]. lia.
    + intros j here. apply Z.ltb_ge. pose proof (longest_spec A j here). lia.
Qed.

(* L5. *)
Theorem plan_known M B requests l t : sane_instance M B requests -> valid M B requests l ->
  (forall tau, t < tau -> planned_in B requests l t tau =
    sum (fun x => if tau <? start x + learnt_from (filter (ended_by t) l) (of x)
      then occ B (prompt_len (of x) + (tau - start x + 1)) else 0) (filter (runs_at t) l)) /\
  next_tokens B (filter (fun j => negb (evicts l t j)) (running_in requests l t)) =
    occupancy B l t
    - sum (fun x => occ B (prompt_len (of x) + 1)) (filter (fun x => start x =? t) l) /\
  (forall S X, never_exceeds M B S -> (never_exceeds M B (S ++ X) <->
    forall k, 0 <= k < longest X -> as_assumed B k S + as_assumed B k X <= M)).
Proof.
  intros instance right. split; [|split].
  - intros tau. now apply (planned_by_run M B requests instance).
  - now apply (held_by_the_rest M B requests instance).
  - intros S X. apply rounds_of_admitted.
Qed.
