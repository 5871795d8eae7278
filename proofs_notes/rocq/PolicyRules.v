(* What one round of Amax, H-SF, SVF and FCFS does, in the words of the book: T6 for FCFS and
   T7 (c). *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Rules Policies Reserved.
From AminRef.facts Require Import Sums Lists Decisions Steps Rounds Policies.
Import ListNotations.
Open Scope Z_scope.

(* A part of a sorted list is sorted. *)
Lemma sorted_part {X} (le : X -> X -> Prop) q l : StronglySorted le l ->
  StronglySorted le (filter q l).
Proof.
  induction 1 as [|x l _ IH first]; cbn; [constructor|]. destruct (q x); [|exact IH].
  constructor; [exact IH|]. now apply filter_forall.
Qed.

Section Policy.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Let block := some_block _ _ _ instance.
Let capacity := some_capacity _ _ _ instance.
Variable p : policy.
Variable fine : list (job request) -> Prop.
Hypothesis ordinary : common M B requests p fine.
Notation kept := (kept M B requests p fine).

(* The running requests stand with the latest admission first. *)
Lemma latest_first n :
  StronglySorted (fun x y => generated x <= generated y) (running (after p n (begin requests))).
Proof.
  induction n as [|n IH]; [constructor|]. set (s := after p n (begin requests)) in *.
  pose proof (kept_after M B requests instance p fine ordinary n) as good. fold s in good.
  change (after p (Datatypes.S n) (begin requests)) with (round p s).
  destruct (decided_by p s) as [[E R] L] eqn:decided.
  destruct (decision_of M B requests instance p fine ordinary s E R L good decided)
    as (S & A & ran & -> & queued & _).
  rewrite (round_of p s _ _ L decided). cbn [running]. apply sorted_part.
  pose proof (queue_own M B requests instance p fine s L A good queued) as new.
  apply Forall_app in new as [new _]. apply Forall_rev in new. rewrite ran in IH.
  apply sorted_app in IH as (_ & sorted & _).
  pose proof (kept_running _ _ _ _ _ s good) as old. rewrite ran in old.
  apply Forall_app in old as [_ old]. clear ran decided queued.
  induction new as [|j l (_ & none & _) new IH]; cbn [app map].
  - induction sorted as [|x m sorted IH first]; cbn; [constructor|].
    apply Forall_cons_iff in old as [_ old]. constructor; [now apply IH|]. apply Forall_map.
    eapply Forall_impl; [|exact first]. cbn. lia.
  - constructor; [exact IH|]. apply Forall_map, Forall_app. cbn. split.
    + eapply Forall_impl; [|exact new]. intros i (_ & zero & _). lia.
    + eapply Forall_impl; [|exact old]. intros i (_ & some & _). lia.
Qed.

(* Those that wait stand in the policy's order, and so does the queue. *)
Lemma queue_sorted n :
  (forall x y, before p x y = true \/ before p y x = true) ->
  (forall x y z, before p x y = true -> before p y z = true -> before p x z = true) ->
  StronglySorted (fun x y => before p x y = true) (queue_of p (after p n (begin requests))).
Proof.
  intros total transitive. apply insert_all_keeps; auto.
  induction n as [|n IH]; [constructor|]. set (s := after p n (begin requests)) in *.
  pose proof (kept_after M B requests instance p fine ordinary n) as good. fold s in good.
  change (after p (Datatypes.S n) (begin requests)) with (round p s).
  destruct (decided_by p s) as [[E R] L] eqn:decided.
  destruct (decision_of M B requests instance p fine ordinary s E R L good decided)
    as (S & A & _ & _ & queued & _).
  rewrite (round_of p s E R L decided). cbn [waiting]. apply insert_all_keeps; auto.
  assert (sorted : StronglySorted (fun x y => before p x y = true) (A ++ L))
    by (rewrite <- queued; now apply insert_all_keeps).
  now apply sorted_app in sorted as (_ & sorted & _).
Qed.

(* From the first that does not fit to the greatest number that fits. *)
Lemma greatest_prefix (R A L : list (job request)) : Forall counts (A ++ L) ->
  never_exceeds M B (R ++ A) ->
  (forall w l, L = w :: l -> ~ never_exceeds M B (R ++ A ++ [w])) ->
  (forall i, (i <= length A)%nat -> never_exceeds M B (R ++ firstn i (A ++ L))) /\
  (forall i, (length A < i <= length (A ++ L))%nat ->
    ~ never_exceeds M B (R ++ firstn i (A ++ L))).
Proof.
  intros counted fit stop. apply Forall_app in counted as [some rest]. split; intros i.
  - intros less. rewrite firstn_app. replace (i - length A)%nat with 0%nat by lia.
    cbn [firstn]. rewrite app_nil_r. rewrite <- (firstn_skipn i A) in some, fit.
    apply Forall_app in some as [_ some]. apply (fits_before M B block _ (skipn i A)); auto.
    now rewrite <- app_assoc.
  - rewrite app_length. intros [more most] all. destruct L as [|w l]; [cbn in most; lia|].
    apply (stop w l eq_refl). rewrite firstn_app, firstn_all2 in all by lia.
    destruct (i - length A)%nat as [|k] eqn:above; [lia|]. cbn [firstn] in all.
    apply Forall_cons_iff in rest as [_ rest]. rewrite <- (firstn_skipn k l) in rest.
    apply Forall_app in rest as [rest _]. apply (fits_before M B block _ (firstn k l)); auto.
    now rewrite <- !app_assoc.
Qed.

(* If all prompts are equal and the queue is in the order of section 3, none that waits on fits. *)
Lemma none_left_fits s R A L v : kept s -> queue_of p s = A ++ L ->
  StronglySorted (fun x y => precedes x y = true) (A ++ L) ->
  (forall w l, L = w :: l -> ~ never_exceeds M B (R ++ A ++ [w])) ->
  (forall r r', In r requests -> In r' requests -> prompt_len r = prompt_len r') ->
  In v L -> ~ never_exceeds M B (R ++ A ++ [v]).
Proof.
  intros good queued sorted stop equal here fit.
  pose proof (queue_own M B requests instance p fine s L A good queued) as all.
  apply Forall_app in all as [_ all]. apply sorted_app in sorted as (_ & sorted & _).
  destruct L as [|w l]; [easy|]. apply (stop w l eq_refl). intros k later.
  rewrite Forall_forall in all. pose proof (all w (or_introl eq_refl)) as own_w.
  pose proof (all v here) as own_v. destruct own_w as (own_w & none_w & _).
  destruct own_v as (own_v & none_v & _).
  assert (less : assumed w <= assumed v).
  { destruct here as [->|here]; [lia|]. inversion_clear sorted as [|y m _ first].
    rewrite Forall_forall in first. specialize (first v here). rewrite Order.precedes_spec in first.
    lia. }
  specialize (fit k later). rewrite !as_assumed_app in *.
  destruct own_w as (known_w & same_w & _), own_v as (known_v & same_v & _ & range).
  assert (counts v) by (split; pose proof (some_prompt _ _ _
    (sane_of M B requests instance _ known_v)); lia).
  pose proof (longer_needs_more M B requests instance k w v ltac:(assumption)
    ltac:(rewrite same_w, same_v; now apply equal) none_w none_v less later). lia.
Qed.
End Policy.

(* T6 for FCFS. *)
Theorem fcfs_evicts M B requests n E R L : sane_instance M B requests ->
  let s := Nat.iter n (round (fcfs M B)) (begin requests) in
  decided_by (fcfs M B) s = (E, R, L) ->
  StronglySorted (fun x y => generated x <= generated y) (running s) /\
  exists k, E = firstn k (running s) /\ (exists A, R = A ++ skipn k (running s)) /\
    next_tokens B (skipn k (running s)) <= M /\
    (forall i, (i < k)%nat -> M < next_tokens B (skipn i (running s))) /\
    (running s <> [] -> (k < length (running s))%nat).
Proof.
  intros instance s decided. pose proof (fcfs_common M B requests instance) as ordinary.
  pose proof (kept_after M B requests instance _ _ ordinary n) as good.
  change (after (fcfs M B) n (begin requests)) with s in good.
  split; [exact (latest_first M B requests instance _ _ ordinary n)|].
  assert (all : Forall (own requests (fcfs M B)) (running s))
    by (eapply Forall_impl; [|exact (kept_running _ _ _ _ _ s good)]; now intros j [is _]).
  destruct (fcfs_decides M B (some_block _ _ _ instance) _ _ _ _ _ (some_capacity _ _ _ instance)
    (one_more_token M B requests _ all) decided)
    as (S & A & ran & -> & _ & fit & needed & _).
  exists (length E). rewrite ran in *.
  assert (same : firstn (length E) (E ++ S) = E /\ skipn (length E) (E ++ S) = S).
  { split; [rewrite firstn_app, Nat.sub_diag, firstn_all; apply app_nil_r|].
    rewrite skipn_app, Nat.sub_diag, skipn_all. reflexivity. }
  destruct same as [-> ->]. repeat split; [now exists (rev A)|exact fit| |].
  - intros i less. rewrite <- (firstn_skipn i E) in needed. rewrite skipn_app.
    replace (i - length E)%nat with 0%nat by lia. cbn [skipn].
    destruct (skipn i E) as [|x b] eqn:rest; [|exact (needed _ x b eq_refl)].
    apply (f_equal (@length _)) in rest. rewrite skipn_length in rest. cbn in rest. lia.
  - intros some. pose proof (first_admitted_stays M B requests instance E S all some) as stays.
    rewrite app_length. destruct S; [|cbn; lia]. now destruct stays.
Qed.

(* What each policy admits, where it evicts no request. *)
Lemma admits_prefix M B requests p n E R L : sane_instance M B requests ->
  p = amax M B \/ p = h_sf M B \/ p = svf M B \/ p = fcfs M B ->
  let s := after p n (begin requests) in
  decided_by p s = (E, R, L) -> p <> fcfs M B \/ E = [] ->
  (exists fine, common M B requests p fine) /\ E = [] /\
  exists A, R = rev A ++ running s /\ queue_of p s = A ++ L /\
    never_exceeds M B (running s ++ A) /\
    forall w l, L = w :: l -> ~ never_exceeds M B (running s ++ A ++ [w]).
Proof.
  intros instance is s decided which.
  assert (turn : forall A, never_exceeds M B (rev A ++ running s) ->
    never_exceeds M B (running s ++ A)).
  { intros A fit k later. rewrite <- (fit k later). apply Z.eq_le_incl, as_assumed_perm.
    rewrite <- Permutation_rev. apply Permutation_app_comm. }
  assert (either : (p = amax M B \/ p = h_sf M B \/ p = svf M B) \/ p = fcfs M B) by tauto.
  destruct either as [reserves|first].
  - destruct (reserving_policies M B requests instance p reserves) as [same enough].
    pose proof (reserving_common M B requests instance p same enough) as ordinary.
    pose proof (kept_after M B requests instance p _ ordinary n) as good. fold s in good.
    unfold decided_by in decided. rewrite same in decided.
    destruct (reserving_decides M B (some_block _ _ _ instance) _ _ _ _ _
      (kept_fine _ _ _ _ _ s good) decided) as (A & -> & -> & queued & fit & stop).
    split; [eexists; exact ordinary|]. split; [reflexivity|]. exists A. auto.
  - subst p. pose proof (fcfs_common M B requests instance) as ordinary.
    pose proof (kept_after M B requests instance _ _ ordinary n) as good. fold s in good.
    assert (all : Forall (own requests (fcfs M B)) (running s))
      by (eapply Forall_impl; [|exact (kept_running _ _ _ _ _ s good)]; now intros j [here _]).
    destruct which as [|none]; [easy|]. subst E.
    destruct (fcfs_decides M B (some_block _ _ _ instance) _ _ _ _ _
      (some_capacity _ _ _ instance) (one_more_token M B requests _ all) decided)
      as (S & A & ran & -> & queued & _ & _ & _ & admits). cbn [app] in ran. subst S.
    destruct (admits eq_refl) as [fit stop].
    split; [eexists; exact ordinary|]. split; [reflexivity|].
    exists A. auto.
Qed.

(* T7 (c). *)
Theorem policies_admit M B requests p n E R L : sane_instance M B requests ->
  p = amax M B \/ p = h_sf M B \/ p = svf M B \/ p = fcfs M B ->
  let s := Nat.iter n (round p) (begin requests) in
  decided_by p s = (E, R, L) -> p <> fcfs M B \/ E = [] ->
  E = [] /\ (exists w m, StronglySorted (fun x y => before p x y = true) w /\
    Permutation w (waiting s ++ map (new_job p) (arriving s)) /\
    Permutation R (running s ++ firstn m w) /\ L = skipn m w /\
    (forall i, (i <= m)%nat -> never_exceeds M B (running s ++ firstn i w)) /\
    (forall i, (m < i <= length w)%nat -> ~ never_exceeds M B (running s ++ firstn i w))) /\
  forall v, p = amax M B \/ p = h_sf M B ->
    (forall r r', In r requests -> In r' requests -> prompt_len r = prompt_len r') ->
    In v L -> ~ never_exceeds M B (R ++ [v]).
Proof.
  intros instance is s decided which.
  destruct (admits_prefix M B requests p n E R L instance is decided which)
    as ((fine & ordinary) & -> & A & -> & queued & fit & stop).
  pose proof (kept_after M B requests instance p fine ordinary n) as good.
  change (after p n (begin requests)) with s in *.
  assert (sorted : StronglySorted (fun x y => before p x y = true) (queue_of p s)).
  { destruct is as [is|[is|[is|is]]]; apply (queue_sorted M B requests instance p fine ordinary);
      rewrite is; apply precedes_order || apply by_number_order. }
  split; [reflexivity|]. split.
  - exists (A ++ L), (length A). rewrite <- queued at 1 2. split; [exact sorted|].
    split; [apply queue_of_perm|].
    rewrite firstn_app, Nat.sub_diag, firstn_all, skipn_app, Nat.sub_diag, skipn_all. cbn.
    rewrite app_nil_r. split; [rewrite <- Permutation_rev; apply Permutation_app_comm|].
    split; [reflexivity|]. apply (greatest_prefix M B requests instance); auto.
    pose proof (queue_own M B requests instance p fine s L A good queued) as all.
    eapply Forall_impl; [|exact all]. intros j (of_p & _). now apply (own_counts M B requests
      instance p).
  - intros v precede equal here. rewrite queued in sorted.
    pose proof (none_left_fits M B requests instance p fine s (running s) A L v good queued
      ltac:(destruct precede as [same|same]; rewrite same in sorted; exact sorted) stop equal here)
      as no. intros all. apply no. intros k later. rewrite <- (all k later).
    apply Z.eq_le_incl, as_assumed_perm. rewrite <- Permutation_rev, app_assoc.
    apply Permutation_app_tail, Permutation_app_comm.
Qed.
