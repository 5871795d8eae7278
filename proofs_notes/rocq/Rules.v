(* What one round of Amin does, in the words of the book: T4 (a) and (b), T6 and T7 (a). *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Refine.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Ranks Machine.
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
Let own := ranked_parts M B _ _ _ _ _ _ _ _ _ _ parts (reaches_ranked M B requests s reached).
Let D := decided _ _ _ _ _ _ _ _ _ _ _ _ parts.

(* The running requests can be put into ascending order. *)
Lemma running_ascends : exists l, ascending l /\ Permutation l (map learnt (running s)).
Proof.
  apply can_ascend. rewrite (Permutation_map rank (all_running _ _ _ _ _ _ _ _ D)).
  apply (distinct_ranks_of M B requests instance).
  - apply Forall_forall. intros j here. split.
    + exact (proj1 (Forall_forall _ _) (proj1 own) j here).
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
    + exact (proj1 (Forall_forall _ _) (proj2 own) j here).
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

(* From j to j', one round later: l~ does not fall, it rises only if j runs, and by at most 1. *)
Definition risen (j j' : job request) : Prop :=
  assumed j <= assumed j' <= assumed j + 1 /\ (assumed j' = assumed j \/ In j (running s)).

(* Every job of the next round comes from one of this round. *)
Lemma comes_from j' : In j' (running s' ++ waiting s') -> exists j,
  In j (running s ++ waiting s ++ map arrives arrived) /\ tag j = tag j' /\ risen j j'.
Proof.
  assert (old : forall i, In i (E ++ S) -> exists j,
    In j (running s ++ waiting s ++ map arrives arrived) /\ tag j = tag i /\ risen j i).
  { intros i here. destruct (from_running M B _ _ _ _ _ _ _ _ _ _ parts i here) as (j & there & ->).
    exists j. split; [apply in_app_iff; auto|]. split; [reflexivity|]. split; [|now right].
    pose proof (running_well _ _ _ _ before) as runs. rewrite Forall_forall in runs.
    destruct (runs j there) as (_ & _ & _ & near). rewrite learnt_assumed. lia. }
  assert (new : forall i, In i (A ++ L) -> exists j,
    In j (running s ++ waiting s ++ map arrives arrived) /\ tag j = tag i /\ risen j i).
  { intros i here. exists i. split; [|split; [reflexivity|split; [lia|now left]]].
    apply in_app_iff. right.
    eapply Permutation_in; [symmetry; exact (all_waiting _ _ _ _ _ _ _ _ D)|exact here]. }
  intros here. apply in_app_iff in here as [here|here].
  - apply (Permutation_in _ (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts)) in here.
    destruct (from_generating M B _ _ _ _ _ _ _ _ _ _ parts j') as (i & there & ->);
      [apply in_app_iff; auto|].
    assert (older : exists j, In j (running s ++ waiting s ++ map arrives arrived) /\
      tag j = tag i /\ risen j i).
    { apply in_app_iff in there as [there|there]; [apply old|apply new]; apply in_app_iff; auto. }
    exact older.
  - apply (Permutation_in _ (next_waiting _ _ _ _ _ _ _ _ _ _ _ _ parts)) in here.
    apply in_app_iff in here as [here|here]; [apply new; apply in_app_iff; auto|].
    apply in_map_iff in here as (i & <- & here). apply (old i). apply in_app_iff. auto.
Qed.

(* T3, second half: how l~ changes from a round to the next. *)
Lemma never_forgets j j' : In j (running s ++ waiting s) -> In j' (running s' ++ waiting s') ->
  tag j = tag j' -> risen j j'.
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

(* Lemma 4: a request that waits alone, while none runs, fits. *)
Lemma fits_alone w : In w (A ++ L) -> never_exceeds M B [w].
Proof.
  intros here k later_on. rewrite as_assumed_sum. cbn. rewrite Z.add_0_r.
  destruct (queue_well M B _ instance _ _ _ _ _ _ _ _ _ _ before parts w here)
    as ((same & _ & bounds) & none & _).
  destruct (sane_of M B _ instance (tag w)) as [_ some low _ _ fit]; [eapply job_known; eauto|].
  pose proof (some_capacity _ _ _ instance). destruct (Z.ltb_spec k (more_tokens w)) as
    [inside|after];
    [|lia].
  unfold will_hold, more_tokens in *. rewrite whole_blocks_occ by exact block. etransitivity;
    [|exact fit].
  apply occ_mono; [exact block|]. destruct (Z.ltb_spec (generated w) (assumed w)); lia.
Qed.

(* T8: if some request runs, waits or arrives, some request generates a token in this round. *)
Lemma some_request_runs : running s ++ waiting s ++ map arrives arrived <> [] -> S ++ A <> [].
Proof.
  intros some none. apply app_eq_nil in none as [no_S no_A].
  assert (either : running s = [] \/ running s <> [])
    by (clear; destruct (running s); [now left|now right]).
  destruct either as [idle|busy]; [rewrite idle in some|now apply (greatest_stays busy)].
  destruct waiting_ascends as (q & sorted & all). destruct q as [|w q].
  - apply Permutation_nil in all. cbn in some. now rewrite all in some.
  - destruct (admitted_in_order _ sorted all) as (m & admitted & _ & _ & stop).
    assert (m = 0%nat) as ->.
    { rewrite no_A in admitted. apply Permutation_nil in admitted. now destruct m. }
    apply (stop 1%nat); [cbn; lia|]. rewrite no_S. cbn. apply fits_alone.
    rewrite <- (all_waiting _ _ _ _ _ _ _ _ D). eapply Permutation_in; [exact all|now left].
Qed.

(* Beside each request that waits on stands one, not above it, that does not fit. *)
Lemma first_left v : In v L ->
  exists w, In w L /\ assumed w <= assumed v /\ ~ never_exceeds M B (S ++ A ++ [w]).
Proof.
  intros here. destruct waiting_ascends as (q & sorted & all).
  destruct (admitted_in_order q sorted all) as (m & admitted & left & _ & stop).
  apply (Permutation_in _ left) in here. destruct (skipn m q) as [|w rest] eqn:suffix; [easy|].
  assert (shape : q = firstn m q ++ w :: rest) by (rewrite <- suffix; symmetry; apply firstn_skipn).
  assert (some : (m < length q)%nat).
  { apply (f_equal (@length _)) in suffix. rewrite skipn_length in suffix. cbn in suffix. lia. }
  assert (len : length (firstn m q) = m) by (rewrite firstn_length; lia).
  exists w. split; [eapply Permutation_in; [symmetry; exact left|now left]|]. split.
  - destruct here as [->|here]; [lia|]. rewrite shape in sorted.
    apply sorted_app in sorted as (_ & sorted & _). inversion_clear sorted as [|h t after first].
    rewrite Forall_forall in first. specialize (first v here). rewrite below_spec in first. lia.
  - intros fit. apply (stop (Datatypes.S m)); [lia|].
    destruct (prefix_at (firstn m q) w rest) as [prefix _]. rewrite len, <- shape in prefix.
    rewrite prefix. intros k later_on. rewrite <- (fit k later_on), !as_assumed_app.
    rewrite (as_assumed_perm B k _ _ admitted). lia.
Qed.

(* Of two jobs that wait with equal prompts, the one with the greater length needs more. *)
Lemma longer_needs_more k (w v : job request) : counts v -> prompt w = prompt v -> generated w = 0
  ->
  generated v = 0 -> assumed w <= assumed v -> 0 <= k ->
  as_assumed B k [w] <= as_assumed B k [v].
Proof.
  intros counted same none_w none_v less later_on. rewrite !as_assumed_sum. cbn.
  assert (hold : will_hold B k w = will_hold B k v)
    by (unfold will_hold; now rewrite same, none_w, none_v).
  pose proof (will_hold_nonneg B block k v counted later_on).
  assert (more_tokens w <= more_tokens v).
  { unfold more_tokens. rewrite none_w, none_v.
    destruct (Z.ltb_spec 0 (assumed w)), (Z.ltb_spec 0 (assumed v)); lia. }
  destruct (Z.ltb_spec k (more_tokens w)), (Z.ltb_spec k (more_tokens v)); lia.
Qed.

(* T7 (b): if all prompts are equal, not one more of those that wait on fits. *)
Lemma admits_all_it_can v : (forall r r', In r requests -> In r' requests ->
  prompt_len r = prompt_len r') -> In v L -> ~ never_exceeds M B (S ++ A ++ [v]).
Proof.
  intros equal here fit. destruct (first_left v here) as (w & there & less & no). apply no.
  assert (in_w : In w (A ++ L)) by (apply in_app_iff; auto).
  assert (in_v : In v (A ++ L)) by (apply in_app_iff; auto).
  destruct (queue_well M B _ instance _ _ _ _ _ _ _ _ _ _ before parts w in_w)
    as ((same_w & _) & none_w & _).
  destruct (queue_well M B _ instance _ _ _ _ _ _ _ _ _ _ before parts v in_v)
    as ((same_v & _) & none_v & _).
  assert (same : prompt w = prompt v) by (rewrite same_w, same_v; apply equal; eapply job_known;
    eauto).
  pose proof (counts_queue M B _ instance _ _ _ _ _ _ _ _ _ _ before parts) as counted.
  rewrite Forall_forall in counted. intros k later_on. specialize (fit k later_on).
  pose proof (longer_needs_more k w v (counted v in_v) same none_w none_v less later_on).
  rewrite !as_assumed_app in *. lia.
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
  (forall j, In j (running s ++ waiting s) -> lower (tag j) <= assumed j /\
    assumed j <= Z.max (lower (tag j)) (output_len (tag j) - 1) <= output_len (tag j)) /\
  (forall s' j j', amin_round M B s s' -> In j (running s ++ waiting s) ->
    In j' (running s' ++ waiting s') -> tag j = tag j' ->
    assumed j <= assumed j' <= assumed j + 1 /\ (assumed j' = assumed j \/ In j (running s))).
Proof.
  intros instance reached. pose proof (reaches_safe _ _ _ instance s reached) as good. split.
  - destruct good as [each runs waits _ _ _ _ _ _].
    rewrite Forall_forall in runs, waits. intros j here.
    assert (is_known : In (tag j) requests).
    { eapply Permutation_in; [exact each|]. unfold requests_in. rewrite !in_app_iff.
      apply in_app_iff in here as [here|here]; apply (in_map tag) in here; tauto. }
    destruct (sane_of M B requests instance _ is_known) as [_ _ low _ _ _].
    apply in_app_iff in here as [here|here].
    + destruct (runs j here) as ((_ & bounds) & _). lia.
    + destruct (waits j here) as ((_ & bounds) & _). lia.
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
  - exact (reaches_safe M B requests instance s reached).
  - exact (reaches_ranked M B requests s reached).
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

(* T7 (b). *)
Lemma admission_leaves_none v : sane_instance M B requests -> reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going ->
  (forall r r', In r requests -> In r' requests -> prompt_len r = prompt_len r') ->
  In v L -> ~ never_exceeds M B (S ++ A ++ [v]).
Proof.
  intros instance reached parts.
  exact (admits_all_it_can M B requests instance s s' _ _ _ _ _ _ _ _ reached parts v).
Qed.

(* T8. *)
Lemma never_idle : sane_instance M B requests -> reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going ->
  running s ++ waiting s ++ map arrives arrived <> [] -> S ++ A <> [].
Proof.
  intros instance reached parts.
  exact (some_request_runs M B requests instance s s' _ _ _ _ _ _ _ _ reached parts).
Qed.
End Statements.
