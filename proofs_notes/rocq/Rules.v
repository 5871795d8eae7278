(* What one round of Amin does, in the words of the book: T4 (a) and (b), T6 and T7 (a). *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Refine.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Machine.
Import ListNotations.
Open Scope Z_scope.

(* A list has a first suffix that fits. *)
Lemma first_suffix {A} (fit : list A -> bool) l : fit [] = true ->
  exists k, (k <= length l)%nat /\ fit (skipn k l) = true /\
    forall i, (i < k)%nat -> fit (skipn i l) = false.
Proof.
  intros empty. induction l as [|x l IH]; [now exists 0%nat; repeat split; auto; lia|].
  destruct (fit (x :: l)) eqn:here; [exists 0%nat; repeat split; auto; cbn; lia|].
  destruct IH as (k & len & fits & least). exists (S k). repeat split; auto; cbn; [lia|].
  intros [|i] less; [exact here|]. apply least. lia.
Qed.

(* A list has a longest prefix that fits, if that can be decided and shorter prefixes fit as well.
   *)
Lemma longest_prefix {A} (fit : list A -> Prop) l : fit [] ->
  (forall a x b, l = a ++ x :: b -> fit (a ++ [x]) \/ ~ fit (a ++ [x])) ->
  (forall a b c, l = (a ++ b) ++ c -> fit (a ++ b) -> fit a) ->
  exists m, (m <= length l)%nat /\ (forall i, (i <= m)%nat -> fit (firstn i l)) /\
    forall i, (m < i <= length l)%nat -> ~ fit (firstn i l).
Proof.
  intros empty decidable shorter. induction l as [|x l IH] using rev_ind.
  - exists 0%nat. cbn. repeat split; [lia| |lia]. intros i none. now replace i with 0%nat by lia.
  - destruct (decidable l x [] eq_refl) as [yes|no].
    + exists (length (l ++ [x])). repeat split; [lia| |lia]. intros i _.
      apply (shorter _ (skipn i (l ++ [x])) []); rewrite firstn_skipn; [now rewrite
        app_nil_r|exact yes].
    + destruct IH as (m & len & fits & greatest).
      { intros a y b shape. apply (decidable a y (b ++ [x])). now rewrite shape, <- app_assoc. }
      { intros a b c shape. apply (shorter a b (c ++ [x])). now rewrite shape, <- app_assoc. }
      exists m. rewrite app_length. cbn. repeat split; [lia| |].
      * intros i less. rewrite firstn_app. replace (i - length l)%nat with 0%nat by lia.
        cbn. rewrite app_nil_r. auto.
      * intros i [more most]. destruct (Nat.eq_dec i (length l + 1)) as [->|].
        -- rewrite firstn_all2; [exact no|]. rewrite app_length. cbn. lia.
        -- rewrite firstn_app. replace (i - length l)%nat with 0%nat by lia.
           cbn. rewrite app_nil_r. apply greatest. lia.
Qed.

Section Rules.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Let block := some_block _ _ _ instance.

Section Round.
Variables s s' : state.
Variables arrived later : list request.
Variables E S A L finished going : list (job request).
Hypothesis reached : reaches M B requests s.
Hypothesis parts : round_parts M B s s' arrived later E S A L finished going.

Let before := reaches_safe M B requests instance s reached.
Let D := decided _ _ _ _ _ _ _ _ _ _ _ _ parts.

(* The running requests can be put into ascending order. *)
Lemma running_ascends : exists l, ascending l /\ Permutation l (map learnt (running s)).
Proof.
  apply can_ascend. rewrite (Permutation_map rank (all_running _ _ _ _ _ _ _ _ D)).
  apply (distinct_ranks_of M B requests instance).
  - apply Forall_forall. intros j here. split.
    + now apply (still_well M B _ _ _ _ _ _ _ _ _ _ _ before parts j).
    + eapply job_known; eauto.
  - intros r. rewrite map_app, count_occ_app. pose proof (once M B requests instance r).
    pose proof (tags_before M B _ _ before r).
    pose proof (tags_running M B _ _ _ _ _ _ _ _ _ _ parts r). lia.
Qed.

(* So can those that wait. *)
Lemma waiting_ascends : exists q, ascending q /\ Permutation q (waiting s ++ map arrives arrived).
Proof.
  apply can_ascend. rewrite (Permutation_map rank (all_waiting _ _ _ _ _ _ _ _ D)).
  apply (distinct_ranks_of M B requests instance).
  - apply Forall_forall. intros j here. split.
    + now apply (queue_well M B requests instance _ _ _ _ _ _ _ _ _ _ before parts j).
    + eapply job_known; eauto.
  - intros r. rewrite map_app, count_occ_app. pose proof (once M B requests instance r).
    pose proof (tags_before M B _ _ before r). pose proof (tags_coming M B _ _ _ _ _ _ _ _ _ _
      parts r).
    pose proof (tags_waiting M B _ _ _ _ _ _ _ _ _ _ parts r). lia.
Qed.

(* T6. Let x_1, ..., x_m be the running requests in ascending order. Then x_1, ..., x_k are evicted,
   k the least number such that the next tokens of the others fit, and k < m if m >= 1. *)
Lemma evicted_in_order l : ascending l -> Permutation l (map learnt (running s)) ->
  exists k, Permutation E (firstn k l) /\ Permutation S (skipn k l) /\
    next_tokens B (skipn k l) <= M /\ forall i, (i < k)%nat -> M < next_tokens B (skipn i l).
Proof.
  intros sorted all. rewrite (all_running _ _ _ _ _ _ _ _ D) in all.
  assert (counted : Forall counts l) by (eapply Permutation_Forall;
    [symmetry; exact all|exact (counts_running M B _ instance _ _ _ _ _ _ _ _ _ _ before parts)]).
  destruct (first_suffix (fun m => next_tokens B m <=? M) l) as (k & len & fit & least).
  { apply Z.leb_le. exact (some_capacity _ _ _ instance). }
  apply Z.leb_le in fit. exists k.
  assert (least' : forall i, (i < k)%nat -> M < next_tokens B (skipn i l))
    by (intros i less; now apply Z.leb_gt, least).
  rewrite <- and_assoc. split; [|now split].
  assert (over : forall x, next_tokens B (not_below x (E ++ S)) = next_tokens B (not_below x l))
    by (intros x; apply next_tokens_perm, filter_perm; now symmetry).
  apply (split_unique (fun x => M < next_tokens B (not_below x (E ++ S)))).
  - rewrite firstn_skipn. now symmetry.
  - exact (evicted_needed _ _ _ _ _ _ _ _ D).
  - eapply Forall_impl; [|exact (stays_fits _ _ _ _ _ _ _ _ D)]. cbn. lia.
  - apply Forall_forall. intros x here. rewrite over. apply in_prefix in here as (a & b & -> &
      less).
    rewrite not_below_here by exact sorted. destruct (prefix_at a x b) as [_ <-]. now apply least'.
  - apply Forall_forall. intros x here. rewrite over. apply in_suffix in here as (a & b & -> &
      more).
    rewrite not_below_here by exact sorted. destruct (prefix_at a x b) as [_ suffix].
    destruct (suffix_end k (length a) (a ++ x :: b) more) as [c shape]. rewrite suffix in shape.
    rewrite <- (firstn_skipn k (a ++ x :: b)), shape, !Forall_app in counted.
    destruct counted as (_ & some & _). rewrite shape in fit.
    rewrite !next_tokens_now, as_assumed_app in *.
    pose proof (as_assumed_nonneg B block 0 c some (Z.le_refl 0)). lia.
Qed.

(* Lemma 5: the greatest of the running requests is not evicted. *)
Lemma greatest_stays : running s <> [] -> S <> [].
Proof.
  intros some none. destruct running_ascends as (l & sorted & all).
  destruct (evicted_in_order l sorted all) as (k & _ & stay & _ & least). rewrite none in stay.
  apply Permutation_nil in stay. destruct l as [|x l _] using rev_ind.
  - apply Permutation_nil in all. apply some. now apply map_eq_nil in all.
  - assert (more : (length l < k)%nat).
    { apply (f_equal (@length _)) in stay. rewrite skipn_length, app_length in stay. cbn in stay.
        lia. }
    specialize (least _ more). rewrite skipn_app, skipn_all, Nat.sub_diag in least. cbn in least.
    assert (here : In x (E ++ S)).
    { rewrite <- (all_running _ _ _ _ _ _ _ _ D). eapply Permutation_in; [exact all|].
      apply in_app_iff. right. now left. }
    destruct (still_well M B _ _ _ _ _ _ _ _ _ _ _ before parts x here) as ((same & _) & len & _).
    destruct (sane_of M B _ instance (tag x)) as [_ _ _ _ _ fit]; [eapply job_known; eauto|].
    pose proof (occ_mono B block (prompt x + (generated x + 1)) (prompt_len (tag x) + output_len
      (tag x))
      ltac:(lia)). unfold next_tokens, will_hold in least. cbn in least.
    rewrite whole_blocks_occ in least by exact block. lia.
Qed.

(* T7 (a). Let w_1, w_2, ... be the waiting requests in ascending order. Then w_1, ..., w_m are
   admitted, m the greatest number such that they fit beside those that stay. *)
Lemma admitted_in_order q : ascending q -> Permutation q (waiting s ++ map arrives arrived) ->
  exists m, Permutation A (firstn m q) /\ Permutation L (skipn m q) /\
    (forall i, (i <= m)%nat -> never_exceeds M B (S ++ firstn i q)) /\
    forall i, (m < i <= length q)%nat -> ~ never_exceeds M B (S ++ firstn i q).
Proof.
  intros sorted all. rewrite (all_waiting _ _ _ _ _ _ _ _ D) in all.
  assert (counted : Forall counts q) by (eapply Permutation_Forall;
    [symmetry; exact all|exact (counts_queue M B _ instance _ _ _ _ _ _ _ _ _ _ before parts)]).
  assert (same : forall w, never_exceeds M B (S ++ not_above w (A ++ L)) <->
                           never_exceeds M B (S ++ not_above w q)).
  { assert (swap : forall w k, as_assumed B k (S ++ not_above w (A ++ L)) =
                               as_assumed B k (S ++ not_above w q))
      by (intros w k; apply as_assumed_perm, Permutation_app_head, filter_perm; now symmetry).
    intros w. unfold never_exceeds. now setoid_rewrite swap. }
  assert (fits : Forall (fun w => never_exceeds M B (S ++ not_above w q)) A).
  { eapply Forall_impl; [|exact (admitted_fits _ _ _ _ _ _ _ _ D)]. intros w. apply same. }
  assert (not : Forall (fun w => ~ never_exceeds M B (S ++ not_above w q)) L).
  { eapply Forall_impl; [|exact (left_does_not _ _ _ _ _ _ _ _ D)]. intros w no yes. now apply no,
      same. }
  destruct (longest_prefix (fun p => never_exceeds M B (S ++ p)) q) as (m & len & yes & no).
  - rewrite app_nil_r. apply (stay_fit M B block (some_capacity _ _ _ instance) _ _ _ _ _ _ D).
    + exact (counts_running M B _ instance _ _ _ _ _ _ _ _ _ _ before parts).
    + intros k later_on. apply (planned _ _ _ _ before). lia.
  - intros a w b cut. assert (here : In w (A ++ L)).
    { eapply Permutation_in; [exact all|]. rewrite cut. apply in_app_iff. right. now left. }
    rewrite cut in sorted. pose proof (not_above_here _ _ _ sorted) as part. rewrite <- cut in part.
    rewrite Forall_forall in fits, not. rewrite <- part.
    apply in_app_iff in here as [here|here]; auto.
  - intros a b c cut fit k later_on. specialize (fit k later_on). rewrite !as_assumed_app in *.
    rewrite cut, !Forall_app in counted. destruct counted as [[_ some] _].
    pose proof (as_assumed_nonneg B block k b some later_on). lia.
  - exists m. rewrite <- and_assoc. split; [|now split].
    apply (split_unique (fun w => never_exceeds M B (S ++ not_above w q))); auto.
    + rewrite firstn_skipn. now symmetry.
    + apply Forall_forall. intros w here. apply in_prefix in here as (a & b & -> & less).
      rewrite not_above_here by exact sorted. destruct (prefix_at a w b) as [<- _]. now apply yes.
    + apply Forall_forall. intros w here. apply in_suffix in here as (a & b & -> & more).
      rewrite not_above_here by exact sorted. destruct (prefix_at a w b) as [<- _]. apply no.
      rewrite app_length. cbn. lia.
Qed.

(* T4 (a) and (b). If y is evicted, then y or a request above y outlives its length. *)
Lemma evicted_outlives y : In y E -> exists x, In x (E ++ S) /\ below x y = false /\
  assumed x = generated x /\ generated x < output_len (tag x).
Proof.
  intros evicted. destruct (existsb outlives (not_below y (E ++ S))) eqn:some.
  - apply existsb_exists in some as (x & here & out). apply filter_In in here as [here above].
    exists x. split; [exact here|]. split; [now apply negb_true_iff|].
    destruct (still_well M B _ _ _ _ _ _ _ _ _ _ _ before parts x here) as (_ & len & _).
    split; [|lia]. apply Z.leb_le in out.
    destruct (from_running M B _ _ _ _ _ _ _ _ _ _ parts x here) as (i & _ & ->).
    rewrite learnt_assumed in *. cbn in *. lia.
  - exfalso. pose proof (evicted_needed _ _ _ _ _ _ _ _ D) as needed. rewrite Forall_forall in
      needed.
    specialize (needed y evicted). enough (next_tokens B (not_below y (E ++ S)) <= M) by lia.
    apply (without_outliving M B block _ (map learnt (running s))).
    + eapply Permutation_Forall; [symmetry; exact (all_running _ _ _ _ _ _ _ _ D)|].
      exact (counts_running M B _ instance _ _ _ _ _ _ _ _ _ _ before parts).
    + apply (planned _ _ _ _ before). lia.
    + exists (fun x => negb (below x y)). apply filter_perm. symmetry. exact (all_running _ _ _ _
        _ _ _ _ D).
    + apply Forall_forall. intros x here. apply not_true_iff_false. intros out.
      enough (existsb outlives (not_below y (E ++ S)) = true) by congruence.
      apply existsb_exists. eauto.
Qed.

(* Every job of the next round comes from one of this round that assumed no more. *)
Lemma comes_from j' : In j' (running s' ++ waiting s') -> exists j,
  In j (running s ++ waiting s ++ map arrives arrived) /\ tag j = tag j' /\ assumed j <= assumed j'.
Proof.
  assert (old : forall i, In i (E ++ S) -> exists j,
    In j (running s ++ waiting s ++ map arrives arrived) /\ tag j = tag i /\ assumed j <= assumed
      i).
  { intros i here. destruct (from_running M B _ _ _ _ _ _ _ _ _ _ parts i here) as (j & there & ->).
    exists j. rewrite learnt_assumed. cbn. repeat split; [|lia]. apply in_app_iff. auto. }
  assert (new : forall i, In i (A ++ L) -> exists j,
    In j (running s ++ waiting s ++ map arrives arrived) /\ tag j = tag i /\ assumed j <= assumed
      i).
  { intros i here. exists i. repeat split; [|lia]. apply in_app_iff. right.
    eapply Permutation_in; [symmetry; exact (all_waiting _ _ _ _ _ _ _ _ D)|exact here]. }
  intros here. apply in_app_iff in here as [here|here].
  - apply (Permutation_in _ (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts)) in here.
    destruct (from_generating M B _ _ _ _ _ _ _ _ _ _ parts j') as (i & there & ->);
      [apply in_app_iff; auto|].
    assert (older : exists j, In j (running s ++ waiting s ++ map arrives arrived) /\
      tag j = tag i /\ assumed j <= assumed i).
    { apply in_app_iff in there as [there|there]; [apply old|apply new]; apply in_app_iff; auto. }
    exact older.
  - apply (Permutation_in _ (next_waiting _ _ _ _ _ _ _ _ _ _ _ _ parts)) in here.
    apply in_app_iff in here as [here|here]; [apply new; apply in_app_iff; auto|].
    apply in_map_iff in here as (i & <- & here). apply (old i). apply in_app_iff. auto.
Qed.

(* T3, second half: what is assumed of a request never decreases. *)
Lemma never_forgets j j' : In j (running s ++ waiting s) -> In j' (running s' ++ waiting s') ->
  tag j = tag j' -> assumed j <= assumed j'.
Proof.
  intros here there same. destruct (comes_from j' there) as (i & from & same' & less).
  enough (i = j) by (subst; exact less).
  apply (nodup_same tag (running s ++ waiting s ++ map arrives arrived)); [|exact from|
    |congruence].
  - apply (NoDup_count_occ request_dec). intros r.
    rewrite !map_app, !count_occ_app, map_map. cbn. rewrite map_id.
    pose proof (once M B requests instance r). pose proof (tags_before M B _ _ before r).
    pose proof (tags_coming M B _ _ _ _ _ _ _ _ _ _ parts r). lia.
  - rewrite app_assoc. apply in_app_iff. auto.
Qed.
End Round.
End Rules.

Section Statements.
Variables M B : Z.
Variable requests : list request.

(* T1, from the invariant. *)
Lemma memory_safety : sane_instance M B requests ->
  (forall s t, reaches M B requests s -> t < now s -> occupancy B (runs_so_far s) t <= M) /\
  (forall fuel l t, simulate (amin M B) fuel requests = Some l -> occupancy B l t <= M).
Proof.
  intros instance. split.
  - intros s t reached. exact (fits_so_far _ _ _ _ (reaches_safe _ _ _ instance s reached) t).
  - intros fuel l t made. apply (amin_schedule_valid M B requests instance).
    apply (schedules_are_simulated M B requests instance). eauto.
Qed.

(* T3, from the invariant and from where jobs come from. *)
Lemma bounds_hold s : sane_instance M B requests -> reaches M B requests s ->
  (forall j, In j (running s ++ waiting s) -> lower (tag j) <= assumed j <= output_len (tag j)) /\
  (forall s' j j', amin_round M B s s' -> In j (running s ++ waiting s) ->
    In j' (running s' ++ waiting s') -> tag j = tag j' -> assumed j <= assumed j').
Proof.
  intros instance reached. split.
  - destruct (reaches_safe _ _ _ instance s reached) as [_ runs waits _ _ _ _ _ _].
    rewrite Forall_forall in runs, waits. intros j here. apply in_app_iff in here as [here|here].
    + now destruct (runs j here) as ((_ & _ & bounds) & _).
    + now destruct (waits j here) as ((_ & _ & bounds) & _).
  - intros s' j j' (a & l & E & S & A & L & f & g & parts).
    exact (never_forgets M B requests instance s s' a l E S A L f g reached parts j j').
Qed.

(* A round has one result, and there is one. *)
Lemma one_next_state : sane_instance M B requests ->
  (forall s, reaches M B requests s -> exists s', amin_round M B s s') /\
  (forall s1 s2 s1' s2', alike s1 s2 -> amin_round M B s1 s1' -> amin_round M B s2 s2' ->
    alike s1' s2').
Proof.
  intros instance. split; [exact (round_exists M B requests instance)|exact (amin_round_unique M
    B)].
Qed.

(* The schedules of the relation are simulate's, and there is one. *)
Lemma one_schedule : sane_instance M B requests ->
  (forall l, amin_schedule M B requests l <->
    exists fuel l', simulate (amin M B) fuel requests = Some l' /\ Permutation l l') /\
  (forall l l', amin_schedule M B requests l -> amin_schedule M B requests l' -> Permutation l l')
    /\
  (forall l, amin_schedule M B requests l -> valid M B requests l).
Proof.
  intros instance. split; [exact (schedules_are_simulated M B requests instance)|].
  split; [exact (schedule_unique M B requests instance)|].
  exact (amin_schedule_valid M B requests instance).
Qed.

Variables s s' : state.
Variables arrived later : list request.
Variables E S A L finished going : list (job request).

(* T4 (a). *)
Lemma eviction_has_a_cause : sane_instance M B requests -> reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going -> E <> [] ->
  exists x, In x (map learnt (running s)) /\ generated x = assumed x /\ assumed x < output_len
    (tag x).
Proof.
  intros instance reached parts some. destruct E as [|y E'] eqn:shape; [easy|]. rewrite <- shape
    in *.
  destruct (evicted_outlives M B requests instance s s' _ _ _ _ _ _ _ _ reached parts y)
    as (x & here & _ & out & len); [rewrite shape; now left|].
  exists x. split; [|lia]. eapply Permutation_in; [|exact here]. symmetry.
  exact (all_running _ _ _ _ _ _ _ _ (decided _ _ _ _ _ _ _ _ _ _ _ _ parts)).
Qed.

(* T4 (b). *)
Lemma cause_is_above y : sane_instance M B requests -> reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going -> In y E -> generated y <> assumed y ->
  exists x, In x (map learnt (running s)) /\ below y x = true /\
    generated x = assumed x /\ assumed x < output_len (tag x).
Proof.
  intros instance reached parts here within.
  pose proof (all_running _ _ _ _ _ _ _ _ (decided _ _ _ _ _ _ _ _ _ _ _ _ parts)) as ran.
  destruct (evicted_outlives M B requests instance s s' _ _ _ _ _ _ _ _ reached parts y here)
    as (x & there & above & out & len).
  apply (Permutation_in _ (Permutation_sym ran)) in there as ran_x.
  assert (ran_y : In y (map learnt (running s))).
  { eapply Permutation_in; [symmetry; exact ran|]. apply in_app_iff. auto. }
  exists x. split; [exact ran_x|]. split; [|lia].
  rewrite below_total; [now rewrite above|]. intros tie. apply within.
  enough (y = x) by (subst; lia). apply (nodup_same rank (map learnt (running s))); auto.
  rewrite map_map. apply (Machine.running_ranks M B requests instance).
  exact (reaches_safe M B requests instance s reached).
Qed.

(* T6. *)
Lemma evictions_minimal : sane_instance M B requests -> reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going ->
  exists x k, ascending x /\ Permutation x (map learnt (running s)) /\
    Permutation E (firstn k x) /\ Permutation S (skipn k x) /\
    next_tokens B (skipn k x) <= M /\ (forall i, (i < k)%nat -> M < next_tokens B (skipn i x)) /\
    (x <> [] -> (k < length x)%nat).
Proof.
  intros instance reached parts.
  destruct (running_ascends M B requests instance s s' _ _ _ _ _ _ _ _ reached parts) as (x &
    sorted & all).
  destruct (evicted_in_order M B requests instance s s' _ _ _ _ _ _ _ _ reached parts x sorted all)
    as (k & out & stay & fit & least).
  exists x, k. repeat split; auto. intros some. destruct (Nat.lt_ge_cases k (length x)) as
    [less|more]; auto.
  exfalso. apply (greatest_stays M B requests instance s s' _ _ _ _ _ _ _ _ reached parts).
  - intros none. rewrite none in all. symmetry in all. apply Permutation_nil in all. auto.
  - rewrite skipn_all2 in stay by exact more. symmetry in stay. now apply Permutation_nil in stay.
Qed.

(* T7 (a). *)
Lemma admission_maximal : sane_instance M B requests -> reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going ->
  exists w m, ascending w /\ Permutation w (waiting s ++ map arrives arrived) /\
    Permutation A (firstn m w) /\ Permutation L (skipn m w) /\
    (forall i, (i <= m)%nat -> never_exceeds M B (S ++ firstn i w)) /\
    (forall i, (m < i <= length w)%nat -> ~ never_exceeds M B (S ++ firstn i w)).
Proof.
  intros instance reached parts.
  destruct (waiting_ascends M B requests instance s s' _ _ _ _ _ _ _ _ reached parts) as (w &
    sorted & all).
  destruct (admitted_in_order M B requests instance s s' _ _ _ _ _ _ _ _ reached parts w sorted all)
    as (m & admitted & left & fit & stop).
  exists w, m. repeat split; auto.
Qed.
End Statements.
