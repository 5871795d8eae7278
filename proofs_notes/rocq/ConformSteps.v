(* From the state of the schedule, some allowed ranking leads to the schedule's runs of the round
   exactly if `round_ok` accepts the round. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Safety Check Ties Conform ConformState ConformRounds.
From AminRef.facts Require Import Sums Lists Blocks Decisions Places Rankings.
Import ListNotations.
Open Scope Z_scope.

Section Steps.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Variable allowed : ranking -> Prop.
Variable le : job request -> job request -> bool.
Hypothesis rule : tie_rule M B requests allowed le.
Variable l : list run.
Hypothesis right : valid M B requests l.
Variable s : state.
Hypothesis good : safe M B requests s.
Hypothesis known : informed s.
Hypothesis calm : settled s.
Hypothesis agrees : Permutation (runs_so_far s) (so_far (now s) l).

Let block := some_block _ _ _ instance.
Let capacity := some_capacity _ _ _ instance.
Notation fixed := (state_at requests l (now s)).
Notation R0 := (after_2 fixed).
Notation W0 := (queue_of fixed).
Notation goes_on := (goes_on (now s)).
Notation E0 := (filter (evicts l (now s)) R0).
Notation S0 := (filter (fun j => negb (evicts l (now s) j)) R0).
Notation A0 := (filter (starts l (now s)) W0).
Notation L0 := (filter (fun w => negb (starts l (now s) w)) W0).

(* The state lemma, here. *)
Lemma follows : alike (with_own_ranks s) fixed.
Proof.
  apply (state_follows M B requests instance s l good known calm); [|exact agrees].
  intros x here. now apply (run_known M B requests instance l right).
Qed.

(* Those that run before step 3, with the ranks of rho. *)
Lemma ran rho : Permutation (map learnt (running (ties_broken rho s))) (map (with_rank rho) R0).
Proof.
  pose proof (same_running _ _ follows) as same. unfold after_2. cbn [with_own_ranks running] in *.
  rewrite <- same. cbn [ties_broken running]. rewrite !map_map. reflexivity.
Qed.

(* Those that wait in step 4. *)
Lemma waited rho : Permutation (waiting (ties_broken rho s)) (map (with_rank rho) W0).
Proof.
  destruct follows as [_ _ same_W same_C _]. unfold queue_of.
  cbn [with_own_ranks waiting coming] in *.
  cbn [ties_broken waiting]. rewrite !map_app. apply Permutation_app.
  - rewrite <- same_W, map_map. reflexivity.
  - now apply Permutation_map, Permutation_map, filter_perm.
Qed.

(* The requests of both are distinct. *)
Lemma tags_apart : NoDup (map tag R0 ++ map tag W0).
Proof.
  pose proof (requests_once M B requests instance _
    (safe_ties M B requests instance rank_of s good)) as distinct.
  unfold requests_in in distinct. apply nodup_app in distinct as (_ & distinct & _).
  rewrite app_assoc in distinct. apply nodup_app in distinct as (distinct & _ & _).
  eapply Permutation_NoDup; [|exact distinct]. apply Permutation_app.
  - pose proof (Permutation_map tag (ran rank_of)) as same. rewrite !map_map in same.
    exact same.
  - pose proof (Permutation_map tag (waited rank_of)) as same. rewrite map_map in same.
    exact same.
Qed.

(* Each job of the round is one of the instance's requests, with lengths that are not negative. *)
Lemma job_facts j : In j (R0 ++ W0) -> counts j /\ own j /\ In (tag j) requests.
Proof.
  assert (sized : forall r, In r requests -> 0 <= prompt_len r).
  { intros r here. destruct (sane_of M B requests instance r here). lia. }
  intros here. apply in_app_iff in here as [here|here].
  - apply in_map_iff in here as (i & <- & here). apply in_map_iff in here as (x & <- & here).
    apply filter_In in here as [here going]. apply andb_true_iff in going as [began _].
    apply Z.ltb_lt in began.
    destruct (run_known M B requests instance l right x here) as (is_known & _).
    specialize (sized _ is_known). unfold counts, own. cbn. repeat split; auto; lia.
  - apply in_app_iff in here as [here|here]; apply in_map_iff in here as (r & <- & here).
    + apply filter_In in here as [is_known _]. specialize (sized _ is_known).
      unfold counts, own. cbn. repeat split; auto; lia.
    + apply filter_In in here as [here _]. apply filter_In in here as [is_known _].
      specialize (sized _ is_known). unfold counts, own. cbn. repeat split; auto; lia.
Qed.

(* Each job has the rank of its request. *)
Lemma own_parts : Forall own (E0 ++ S0) /\ Forall own (A0 ++ L0).
Proof.
  split.
  - eapply Permutation_Forall; [apply filter_both|]. apply Forall_forall. intros j here.
    apply job_facts, in_app_iff. auto.
  - eapply Permutation_Forall; [apply filter_both|]. apply Forall_forall. intros j here.
    apply job_facts, in_app_iff. auto.
Qed.

(* Under an allowed ranking, no two of those that run are level, nor two of those that wait. *)
Lemma ranks_apart rho : allowed rho ->
  NoDup (map rank (map (with_rank rho) R0)) /\ NoDup (map rank (map (with_rank rho) W0)).
Proof.
  intros ok. pose proof tags_apart as distinct.
  apply nodup_app in distinct as (once_R & once_W & _).
  pose proof (no_two_level _ _ _ _ _ rule rho ok) as ranks.
  split; apply (ranks_distinct requests); auto; intros r here; apply in_map_iff in here as
    (j & <- & here); apply job_facts, in_app_iff; auto.
Qed.

(* Their lengths are not negative. *)
Lemma counts_ranked rho :
  Forall counts (map (with_rank rho) R0) /\ Forall counts (map (with_rank rho) W0).
Proof.
  split; apply Forall_map, Forall_forall; intros j here;
    (destruct (job_facts j) as [[some none] _]; [apply in_app_iff; auto|now split]).
Qed.

(* The plan of those that ran, without those that outlive, fits (Lemma 3). *)
Lemma plan_before rho k : 1 <= k -> as_assumed B k (filter (fun j => negb (outlives j))
  (map learnt (running (ties_broken rho s)))) <= M.
Proof.
  intros later. apply (planned _ _ _ _ (safe_ties M B requests instance rho s good)). lia.
Qed.

Section OnlyIf.
Variable rho : ranking.
Hypothesis ok : allowed rho.
Variable s' : state.
Variables arrived later : list request.
Variables E S A L finished going : list (job request).
Hypothesis parts : round_parts M B (ties_broken rho s) s' arrived later E S A L finished going.
Hypothesis agrees' : Permutation (runs_so_far s') (so_far (now s + 1) l).

Let good' := safe_ties M B requests instance rho s good.
Let D := decided _ _ _ _ _ _ _ _ _ _ _ _ parts.

(* The runs after the round: of those that generate a token, of the evicted, and of the past. *)
Lemma runs_after x : In x (runs_so_far s') <->
  (exists j how, In j (S ++ A) /\ x = run_until (now s + 1) how (one_more j) /\
    how = has_all (one_more j)) \/
  (exists j, In j E /\ x = run_until (now s) false j) \/ In x (log s).
Proof.
  assert (gen : forall i, In i (finished ++ going) <-> exists j, In j (S ++ A) /\ i = one_more j).
  { intros i. pose proof (one_token_each _ _ _ _ _ _ _ _ _ _ _ _ parts) as each. split.
    - intros here. apply (Permutation_in _ (Permutation_sym each)), in_map_iff in here as
        (j & <- & here). eauto.
    - intros (j & here & ->). apply (Permutation_in _ each). now apply in_map. }
  pose proof (finished_all _ _ _ _ _ _ _ _ _ _ _ _ parts) as full.
  pose proof (going_not_all _ _ _ _ _ _ _ _ _ _ _ _ parts) as not_full.
  rewrite Forall_forall in full, not_full. unfold runs_so_far.
  rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts). cbn [ties_broken now].
  rewrite in_app_iff, in_map_iff. split.
  - intros [(i & <- & here)|here].
    + apply (Permutation_in _ (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts)) in here.
      destruct (proj1 (gen i)) as (j & there & ->); [apply in_app_iff; auto|].
      left. exists j, false. repeat split; auto. symmetry. now apply Z.eqb_neq, not_full.
    + apply (Permutation_in _ (next_log _ _ _ _ _ _ _ _ _ _ _ _ parts)) in here.
      rewrite !in_app_iff, !in_map_iff in here.
      destruct here as [(i & <- & here)|[(j & <- & here)|here]]; [|eauto|auto].
      destruct (proj1 (gen i)) as (j & there & ->); [apply in_app_iff; auto|].
      left. exists j, true. repeat split; auto. symmetry. now apply Z.eqb_eq, full.
  - assert (in_log : forall y, In y (map (run_until (now s + 1) true) finished ++
      map (run_until (now s) false) E ++ log s) -> In y (log s')).
    { intros y here. apply (Permutation_in _ (Permutation_sym
        (next_log _ _ _ _ _ _ _ _ _ _ _ _ parts))). exact here. }
    intros [(j & how & here & -> & ->)|[(j & here & ->)|here]].
    + assert (there : In (one_more j) (finished ++ going)) by (apply gen; eauto).
      apply in_app_iff in there as [there|there].
      * right. apply in_log, in_app_iff. left. apply in_map_iff. exists (one_more j).
        split; [|exact there]. unfold has_all. now rewrite (proj2 (Z.eqb_eq _ _) (full _ there)).
      * left. exists (one_more j). unfold has_all.
        rewrite (proj2 (Z.eqb_neq _ _) (not_full _ there)). split; [reflexivity|].
        apply (Permutation_in _ (Permutation_sym (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts))).
        exact there.
    + right. apply in_log. rewrite !in_app_iff. right. left. now apply in_map.
    + right. apply in_log. rewrite !in_app_iff. auto.
Qed.

(* A run of the schedule that began by this round is one of them. *)
Lemma runs_seen x : In x l -> start x < now s + 1 -> In (cut (now s + 1) x) (runs_so_far s').
Proof.
  intros here began. apply (Permutation_in _ (Permutation_sym agrees')). apply in_so_far. eauto.
Qed.

(* Those that ran had generated tokens; those that waited had not. *)
Lemma tokens_before j : (In j (E ++ S) -> 1 <= generated j) /\ (In j (A ++ L) -> generated j = 0).
Proof.
  split; intros here.
  - now destruct (still_well M B _ _ _ _ _ _ _ _ _ _ _ good' parts j here) as (_ & some & _).
  - now destruct (queue_well M B requests instance _ _ _ _ _ _ _ _ _ _ good' parts j here)
      as (_ & none & _).
Qed.

(* The schedule evicts those that the round evicts. *)
Lemma evicts_these j : In j E -> evicts l (now s) j = true.
Proof.
  intros here. assert (there : In (run_until (now s) false j) (so_far (now s + 1) l)).
  { apply (Permutation_in _ agrees'), runs_after. eauto. }
  apply in_so_far in there as (y & is & _ & shape). unfold cut in shape.
  destruct (Z.ltb_spec (now s + 1) (stop y)) as [goes|ends].
  - apply (f_equal stop) in shape. cbn in shape. lia.
  - apply existsb_exists. exists y. split; [exact is|]. rewrite <- shape. cbn.
    now rewrite (proj2 (same_spec _ _) eq_refl), Z.eqb_refl.
Qed.

(* And no others. *)
Lemma evicts_no_other j : In j S -> evicts l (now s) j = false.
Proof.
  intros here. apply not_true_iff_false. intros yes. apply existsb_exists in yes as (x & is & yes).
  rewrite !andb_true_iff, same_spec, Z.eqb_eq, negb_true_iff in yes.
  destruct yes as ((one & at_now) & out).
  destruct (run_known M B requests instance l right x is) as (_ & _ & len).
  pose proof (runs_seen x is ltac:(lia)) as there. unfold cut in there.
  rewrite (proj2 (Z.ltb_ge _ _)) in there by lia.
  apply runs_after in there as [(i & how & _ & shape & _)|[(i & there & shape)|there]].
  - rewrite shape in at_now. cbn in at_now. lia.
  - rewrite shape in one. cbn in one.
    apply (kept_apart M B requests instance _ _ _ _ _ _ _ _ _ _ good' parts j) in there; auto.
    apply in_app_iff. auto.
  - destruct calm as [_ past]. rewrite Forall_forall in past. specialize (past x there out). lia.
Qed.

(* A run that starts in this round is one of an admitted request. *)
Lemma starter x : In x l -> start x = now s -> exists i, In i A /\ tag i = of x.
Proof.
  intros is at_now. pose proof (runs_seen x is ltac:(lia)) as there.
  destruct (cut_same (now s + 1) x) as [same_of same_start].
  apply runs_after in there as [(i & how & here & shape & _)|[(i & here & shape)|here]].
  - exists i. rewrite shape in same_of, same_start. cbn in same_of, same_start.
    split; [|exact same_of]. apply in_app_iff in here as [here|here]; [|exact here].
    pose proof (proj1 (tokens_before i) ltac:(apply in_app_iff; auto)). lia.
  - pose proof (proj1 (tokens_before i) ltac:(apply in_app_iff; auto)).
    rewrite shape in same_start. cbn in same_start. lia.
  - pose proof (log_well _ _ _ _ good) as well. rewrite Forall_forall in well.
    destruct (well _ here) as (is_known & past & came & len).
    destruct (sane_of M B requests instance _ is_known) as [_ some _ _ _ _].
    destruct (completed (cut (now s + 1) x)); lia.
Qed.

(* The schedule starts those that the round admits. *)
Lemma starts_these j : In j A -> starts l (now s) j = true.
Proof.
  intros here. pose proof (proj2 (tokens_before j) ltac:(apply in_app_iff; auto)) as none.
  assert (there : In (run_until (now s + 1) (has_all (one_more j)) (one_more j))
    (so_far (now s + 1) l)).
  { apply (Permutation_in _ agrees'), runs_after. left. exists j, (has_all (one_more j)).
    repeat split. apply in_app_iff. auto. }
  apply in_so_far in there as (y & is & _ & shape).
  destruct (cut_same (now s + 1) y) as [same_of same_start].
  rewrite <- shape in same_of, same_start. cbn in same_of, same_start.
  apply existsb_exists. exists y. split; [exact is|].
  rewrite andb_true_iff, same_spec, Z.eqb_eq. split; [congruence|lia].
Qed.

(* And no others. *)
Lemma starts_no_other j : In j L -> starts l (now s) j = false.
Proof.
  intros here. apply not_true_iff_false. intros yes. apply existsb_exists in yes as (x & is & yes).
  rewrite andb_true_iff, same_spec, Z.eqb_eq in yes. destruct yes as (one & at_now).
  destruct (starter x is at_now) as (i & there & same).
  pose proof (once M B requests instance (tag j)).
  pose proof (tags_before M B _ _ good' (tag j)).
  pose proof (tags_waiting M B _ _ _ _ _ _ _ _ _ _ parts (tag j)).
  pose proof (tags_coming M B _ _ _ _ _ _ _ _ _ _ parts (tag j)).
  pose proof (count_in i A there) as first. pose proof (count_in j L here) as second.
  rewrite same, one in first. lia.
Qed.

(* After the arrivals no request arrives. *)
Lemma no_arrivals : arrived = [].
Proof.
  destruct arrived as [|r rest] eqn:shape; [reflexivity|]. exfalso.
  pose proof (arrived_now _ _ _ _ _ _ _ _ _ _ _ _ parts) as at_now.
  apply Forall_cons_iff in at_now as [at_now _]. cbn in at_now.
  assert (here : In r (coming (ties_broken rho s))).
  { apply (Permutation_in _ (Permutation_sym (coming_parts _ _ _ _ _ _ _ _ _ _ _ _ parts))).
    now left. }
  apply filter_In in here as [_ later_on]. now rewrite at_now, Z.eqb_refl in later_on.
Qed.

(* What the round decides is what the schedule does. *)
Lemma same_decision : Permutation E (map (with_rank rho) E0) /\
  Permutation S (map (with_rank rho) S0) /\ Permutation A (map (with_rank rho) A0) /\
  Permutation L (map (with_rank rho) L0).
Proof.
  pose proof (all_running _ _ _ _ _ _ _ _ D) as both. rewrite ran in both.
  pose proof (all_waiting _ _ _ _ _ _ _ _ D) as both'.
  rewrite no_arrivals, app_nil_r, waited in both'.
  apply Permutation_sym in both, both'.
  assert (kept : forall (p : job request -> bool) m (b : bool),
    (forall j, In j m -> p j = b) -> forall j, In j m -> negb (p j) = negb b)
    by (intros p m b all j here; now rewrite (all j here)).
  pose proof (filter_perm (evicts l (now s)) _ _ both) as part_E.
  pose proof (filter_perm (fun j => negb (evicts l (now s) j)) _ _ both) as part_S.
  pose proof (filter_perm (starts l (now s)) _ _ both') as part_A.
  pose proof (filter_perm (fun j => negb (starts l (now s) j)) _ _ both') as part_L.
  rewrite filter_app, filter_image in part_E, part_S, part_A, part_L.
  rewrite (filter_all _ E evicts_these), (filter_none _ S evicts_no_other), app_nil_r in part_E.
  rewrite (filter_none _ E (kept _ _ _ evicts_these)), (filter_all _ S (kept _ _ _ evicts_no_other))
    in part_S.
  rewrite (filter_all _ A starts_these), (filter_none _ L starts_no_other), app_nil_r in part_A.
  rewrite (filter_none _ A (kept _ _ _ starts_these)), (filter_all _ L (kept _ _ _ starts_no_other))
    in part_L.
  auto.
Qed.

(* A round of the policy that makes the schedule's runs is one that `round_ok` accepts. *)
Lemma round_ok_only_if : round_ok M B le requests l (now s) = true.
Proof.
  destruct same_decision as (same_E & same_S & same_A & same_L).
  destruct (ranks_apart rho ok) as [distinct_R distinct_W].
  destruct (counts_ranked rho) as [counts_R counts_W].
  pose proof (all_running _ _ _ _ _ _ _ _ D) as both. rewrite ran in both.
  pose proof (all_waiting _ _ _ _ _ _ _ _ D) as both'.
  rewrite no_arrivals, app_nil_r, waited in both'.
  rewrite both in counts_R. rewrite both' in counts_W.
  rewrite (Permutation_map rank both) in distinct_R.
  rewrite (Permutation_map rank both') in distinct_W.
  pose proof (stay_together M B block capacity _ _ _ _ _ _ D counts_R) as fit.
  pose proof (stay_fit M B block capacity _ _ _ _ _ _ D counts_R (plan_before rho)) as fits.
  pose proof (admitted_together M B block _ _ _ _ _ _ D counts_W fits) as fits'.
  destruct (explains_perm M B at_most _ _ _ _ _ _ _ _ same_E same_S same_A same_L) as [evicts_ok
    admits_ok].
  { apply L1_only_if; auto; [exact (evicted_needed _ _ _ _ _ _ _ _ D)|].
    exact (stays_fits _ _ _ _ _ _ _ _ D). }
  { apply L2_only_if; auto; [exact (admitted_fits _ _ _ _ _ _ _ _ D)|].
    exact (left_does_not _ _ _ _ _ _ _ _ D). }
  destruct own_parts as [own_R own_W].
  pose proof (evictions_by_places M B requests allowed le rho E0 S0 rule ok own_R evicts_ok).
  pose proof (admissions_by_places M B requests allowed le rho S0 A0 L0 rule ok own_W admits_ok).
  unfold round_ok. rewrite !andb_true_iff. split; [split|].
  - apply forallb_forall. intros x is. apply orb_true_iff. destruct (Z.eqb_spec (start x) (now s));
      [right|now left]. destruct (starter x is) as (i & here & one); [assumption|].
    apply existsb_exists. apply (Permutation_in _ same_A), in_map_iff in here as (w & <- & here).
    exists w. split; [now apply filter_In in here|]. apply same_spec. now rewrite <- one.
  - now apply evictions_ok_spec.
  - now apply admissions_ok_spec.
Qed.
End OnlyIf.

Section If.
Hypothesis accepted : round_ok M B le requests l (now s) = true.

(* The parts of the test. *)
Lemma accepted_parts : starters_wait l (now s) W0 = true /\
  explains_evictions M B (fun x y => le x y = true) E0 S0 /\
  explains_admissions M B (fun x y => le x y = true) S0 A0 L0.
Proof.
  pose proof accepted as yes. unfold round_ok in yes. rewrite !andb_true_iff in yes.
  destruct yes as ((wait & evicts) & admits). split; [exact wait|].
  split; [now apply evictions_ok_spec|now apply admissions_ok_spec in admits].
Qed.

(* Some ranking that is allowed leads to the decision of the schedule. *)
Lemma some_decision : exists rho, allowed rho /\
  decision M B (running (ties_broken rho s)) (waiting (ties_broken rho s) ++ map arrives [])
    (map (with_rank rho) E0) (map (with_rank rho) S0) (map (with_rank rho) A0)
    (map (with_rank rho) L0).
Proof.
  destruct accepted_parts as (_ & by_L1 & by_L2). destruct own_parts as [own_R own_W].
  pose proof (filter_both (evicts l (now s)) R0) as both.
  pose proof (filter_both (starts l (now s)) W0) as both'.
  destruct (some_ranking _ _ _ _ _ rule E0 S0 A0 L0) as (rho & ok & by_L1' & by_L2'); auto.
  { eapply Permutation_NoDup; [|exact tags_apart].
    now apply Permutation_app; apply Permutation_map. }
  exists rho. split; [exact ok|].
  destruct (ranks_apart rho ok) as [distinct_R distinct_W].
  destruct (counts_ranked rho) as [counts_R counts_W].
  apply (Permutation_map (with_rank rho)) in both, both'. rewrite map_app in both, both'.
  rewrite both in counts_R. rewrite both' in counts_W.
  rewrite (Permutation_map rank both) in distinct_R.
  rewrite (Permutation_map rank both') in distinct_W.
  destruct (L1_if M B block _ _ counts_R distinct_R by_L1') as [needed enough].
  destruct (L2_if M B block _ _ _ counts_W distinct_W by_L2') as [fits not].
  constructor; auto.
  - now rewrite ran.
  - cbn [map]. now rewrite app_nil_r, waited.
Qed.

(* The runs that went on before this round, as far as they have come after it. *)
Lemma shown_running x : In x (filter (runs_at (now s)) l) ->
  let j := learnt (running_job (now s) (log fixed) x) in
  cut (now s + 1) x = if evicts l (now s) j then run_until (now s) false j else goes_on j.
Proof.
  intros here j. apply filter_In in here as [is going]. apply andb_true_iff in going as [began on].
  apply Z.ltb_lt in began. unfold ended_by in on. apply negb_true_iff, orb_false_iff in on as
    [not_past not_now]. apply Z.ltb_ge in not_past.
  destruct (run_known M B requests instance l right x is) as (_ & _ & len).
  destruct (evicts l (now s) j) eqn:out.
  - apply existsb_exists in out as (y & there & yes).
    rewrite !andb_true_iff, same_spec, Z.eqb_eq, negb_true_iff in yes.
    destruct yes as ((one & at_now) & thrown).
    destruct (run_known M B requests instance l right y there) as (_ & _ & len').
    assert (same_run : x = y) by (apply (one_run M B requests l right (now s - 1)); auto; lia).
    subst y. unfold cut. rewrite (proj2 (Z.ltb_ge _ _)) by lia. unfold run_until, j. cbn.
    destruct x as [r a b c]. cbn in *. subst. f_equal; lia.
  - assert (later : now s < stop x).
    { destruct (Z.eq_dec (stop x) (now s)) as [at_now|]; [exfalso|lia].
      rewrite at_now, Z.eqb_refl in not_now. apply not_true_iff_false in out. apply out.
      apply existsb_exists. exists x. split; [exact is|].
      cbn in not_now. now rewrite (proj2 (same_spec _ _) eq_refl), at_now, Z.eqb_refl, not_now. }
    apply (shown_going M B requests l right); [exact is|lia|reflexivity|reflexivity].
Qed.

(* The past is not cut. *)
Lemma past_uncut : Permutation (log s) (map (cut (now s + 1)) (filter (ended_by (now s)) l)).
Proof.
  rewrite (same_log _ _ follows : Permutation (log s) _). cbn [state_at log].
  rewrite <- (map_id (filter _ l)) at 1. erewrite map_ext_in; [reflexivity|].
  intros x here. apply filter_In in here as [_ ended]. unfold ended_by in ended. unfold cut.
  rewrite (proj2 (Z.ltb_ge _ _)); [reflexivity|]. apply orb_true_iff in ended as [over|over];
    [apply Z.ltb_lt in over; lia|]. apply andb_true_iff in over as [over _].
  apply Z.eqb_eq in over. lia.
Qed.

(* Those that went on are evicted or get one token more. *)
Lemma running_shown : Permutation (map (cut (now s + 1)) (filter (runs_at (now s)) l))
  (map (run_until (now s) false) E0 ++ map goes_on S0).
Proof.
  set (show := fun j => if evicts l (now s) j then run_until (now s) false j else goes_on j).
  replace (map (cut (now s + 1)) (filter (runs_at (now s)) l)) with (map show R0).
  - etransitivity; [apply Permutation_map, (filter_both (evicts l (now s)))|].
    rewrite map_app. apply Permutation_app.
    + erewrite map_ext_in; [reflexivity|]. intros j here. apply filter_In in here as [_ out].
      unfold show. now rewrite out.
    + erewrite map_ext_in; [reflexivity|]. intros j here. apply filter_In in here as [_ out].
      unfold show. apply negb_true_iff in out. now rewrite out.
  - unfold after_2. cbn [state_at running]. rewrite !map_map. apply map_ext_in. intros x here.
    symmetry. now apply shown_running.
Qed.

(* Those that start are those that wait and are started. *)
Lemma starting_shown : Permutation
  (map (cut (now s + 1)) (filter (fun x => start x =? now s) l)) (map goes_on A0).
Proof.
  set (first := fun r => Run r (now s) (now s + 1) (1 =? output_len r)).
  assert (none : forall j, In j W0 -> generated j = 0).
  { intros j here. apply in_app_iff in here as [here|here];
      now apply in_map_iff in here as (r & <- & _). }
  assert (tags : Permutation (map of (filter (fun x => start x =? now s) l)) (map tag A0)).
  { apply NoDup_Permutation.
    - apply (distinct_starters M B requests instance l right).
    - pose proof tags_apart as distinct. apply nodup_app in distinct as (_ & distinct & _).
      eapply Permutation_NoDup in distinct; [|apply Permutation_map, filter_both].
      rewrite map_app in distinct. apply nodup_app in distinct. apply distinct.
    - intros r. rewrite !in_map_iff. setoid_rewrite filter_In. split.
      + intros (x & <- & is & at_now). destruct accepted_parts as (wait & _).
        unfold starters_wait in wait. rewrite forallb_forall in wait. specialize (wait x is).
        rewrite at_now in wait. apply existsb_exists in wait as (w & here & one).
        apply same_spec in one. exists w. split; [congruence|]. split; [exact here|].
        apply existsb_exists. exists x. split; [exact is|].
        now rewrite (proj2 (same_spec _ _) one), at_now.
      + intros (w & <- & here & yes). apply existsb_exists in yes as (x & is & yes).
        apply andb_true_iff in yes as [one at_now]. apply same_spec in one. eauto. }
  apply (Permutation_map first) in tags. rewrite !map_map in tags.
  rewrite (map_ext_in (cut (now s + 1)) (fun x => first (of x))), tags.
  - erewrite map_ext_in; [reflexivity|]. intros j here. apply filter_In in here as [here _].
    unfold first, ConformRounds.goes_on, run_until, has_all. cbn. rewrite (none j here). f_equal.
    lia.
  - intros x here. apply filter_In in here as [is at_now]. apply Z.eqb_eq in at_now.
    destruct (run_known M B requests instance l right x is) as (_ & _ & len).
    rewrite (shown_going M B requests l right (now s) x (Job (of x) 0 0 0 0) is); cbn; try lia;
      auto.
    unfold first, ConformRounds.goes_on, run_until, has_all. cbn. f_equal. lia.
Qed.

(* A round that the test accepts leads on to the schedule's runs. *)
Lemma round_ok_if : exists rho s', allowed rho /\ amin_round M B (ties_broken rho s) s' /\
  now s' = now s + 1 /\ Permutation (runs_so_far s') (so_far (now s + 1) l).
Proof.
  destruct some_decision as (rho & ok & D).
  set (E := map (with_rank rho) E0) in *. set (S := map (with_rank rho) S0) in *.
  set (A := map (with_rank rho) A0) in *. set (L := map (with_rank rho) L0) in *.
  set (all := map one_more (S ++ A)). set (later := coming (ties_broken rho s)).
  set (finished := filter has_all all). set (going := filter (fun j => negb (has_all j)) all).
  exists rho, (State (now s + 1) going (L ++ map thrown_back E) later
    (map (run_until (now s + 1) true) finished ++ map (run_until (now s) false) E ++ log s)).
  split; [exact ok|]. split; [|split; [reflexivity|]].
  - exists [], later, E, S, A, L, finished, going. constructor; auto.
    + apply Forall_forall. intros r here. apply filter_In in here as [_ other].
      now apply Z.eqb_neq, negb_true_iff.
    + apply filter_both.
    + apply Forall_forall. intros j here. apply filter_In in here as [_ full].
      now apply Z.eqb_eq.
    + apply Forall_forall. intros j here. apply filter_In in here as [_ other].
      now apply Z.eqb_neq, negb_true_iff.
  - unfold runs_so_far. cbn [now running log].
    rewrite (runs_in_three M B requests instance l right), running_shown, starting_shown, <-
      past_uncut.
    set (ends := fun j => run_until (now s + 1) (has_all j) j).
    assert (tokens : Permutation (map (run_until (now s + 1) false) going ++
      map (run_until (now s + 1) true) finished) (map goes_on S0 ++ map goes_on A0)).
    { transitivity (map ends all).
      - etransitivity; [|apply Permutation_map; symmetry; apply (filter_both has_all)].
        rewrite map_app, Permutation_app_comm.
        apply Permutation_app; erewrite map_ext_in; try reflexivity; intros j here;
          apply filter_In in here as [_ full]; unfold ends; [now rewrite full|].
        apply negb_true_iff in full. now rewrite full.
      - unfold all, S, A. now rewrite <- !map_app, !map_map. }
    unfold E. rewrite map_map, app_assoc, tokens. apply four_parts.
Qed.
End If.
End Steps.
