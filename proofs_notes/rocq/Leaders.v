(* The leader of a busy round is the greatest of the requests that run in it. Between two
   completions it generates a token that it has not generated as leader before. T2 rests on it. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Refine Rules.
From AminRef.facts Require Import Sums Lists Decisions Order.
Import ListNotations.
Open Scope Z_scope.

(* The jobs of a state that have not completed. *)
Definition jobs (s : state) : list (job request) :=
  running s ++ waiting s ++ map arrives (coming s).

(* How many requests have yet to complete. *)
Definition events (s : state) : Z := Z.of_nat (length (jobs s)).

(* h r is the latest token that r generated as the leader, the greatest of those that run, since
   the last completion, or 0. In its present run r is past that token;
     or Amin assumes as much of r,
   and another that runs stands above r. *)
Definition led (s : state) (h : request -> Z) : Prop := forall i, In i (jobs s) ->
  0 <= h (tag i) <= output_len (tag i) /\ (h (tag i) <= generated i \/
    (h (tag i) <= assumed i /\ exists g, In g (running s) /\ below i g = true)).

(* What is above x is above all below x. *)
Lemma above_too (i x g : job request) : below i x = true -> below g x = false ->
  below i g = true.
Proof.
  intros under top. apply not_true_iff_false in top. rewrite below_spec in *. lia.
Qed.

(* One term of a sum of terms that are not negative. *)
Lemma one_term {X} (f : X -> Z) l x : (forall y, In y l -> 0 <= f y) -> In x l -> f x <= sum f l.
Proof.
  intros each here. apply in_split in here as (a & b & ->). rewrite sum_app. cbn [sum].
  assert (0 <= sum f a) by (apply sum_nonneg; intros y there; apply each, in_app_iff; auto).
  assert (0 <= sum f b) by (apply sum_nonneg; intros y there; apply each, in_app_iff; cbn; auto).
  lia.
Qed.

(* Step 2 does not lower a job. *)
Lemma below_learnt (i g : job request) : below i g = true -> below i (learnt g) = true.
Proof. rewrite !below_spec, learnt_assumed. cbn. lia. Qed.

Section Progress.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.

(* All tokens of the instance. *)
Definition tokens : Z := sum output_len requests.

(* The tokens that leaders have yet to generate before a request completes are at most p.
   At the end
   p is its greatest value. *)
Definition potential (s : state) (p : Z) : Prop := exists h, led s h /\
  sum (fun j => output_len (tag j) - h (tag j)) (jobs s) <= p /\ (jobs s = [] -> p = tokens).

(* Each job that has not completed is one of a sane request. *)
Lemma job_is_fair s j : safe M B requests s -> In j (jobs s) ->
  In (tag j) requests /\ 1 <= output_len (tag j) /\ 0 <= generated j.
Proof.
  intros good here. unfold jobs in here. rewrite !in_app_iff in here.
  assert (is_known : In (tag j) requests).
  { apply (known M B requests s good). destruct here as [here|[here|here]].
    - left. now apply in_map.
    - right; left. now apply in_map.
    - apply in_map_iff in here as (r & <- & here). right; right. exact here. }
  destruct (sane_of M B requests instance _ is_known) as [_ some _ _ _ _].
  split; [exact is_known|]. split; [exact some|].
  pose proof (running_well _ _ _ _ good) as runs. pose proof (waiting_well _ _ _ _ good) as waits.
  rewrite Forall_forall in runs, waits. destruct here as [here|[here|here]].
  - destruct (runs j here) as (_ & ? & _). lia.
  - destruct (waits j here) as (_ & ? & _). lia.
  - apply in_map_iff in here as (r & <- & _). cbn. lia.
Qed.

(* The requests that have not completed have at most all tokens. *)
Lemma jobs_tokens s : safe M B requests s ->
  sum (fun i => output_len (tag i)) (jobs s) <= tokens.
Proof.
  intros good. unfold tokens. rewrite <- (sum_perm _ _ _ (each_once _ _ _ _ good)).
  unfold requests_in, jobs. rewrite !sum_app, !sum_map.
  rewrite (sum_ext (fun r => output_len (tag (arrives r))) output_len) by reflexivity.
  enough (0 <= sum (fun x => output_len (of x)) (filter completed (log s))) by lia.
  apply sum_nonneg. intros x here. apply filter_In in here as [here _].
  pose proof (log_well _ _ _ _ good) as all. rewrite Forall_forall in all.
  destruct (all x here) as (is_known & _).
  destruct (sane_of M B requests instance _ is_known) as [_ some _ _ _ _]. lia.
Qed.

(* No request stands twice among the jobs. *)
Lemma jobs_once s i j : safe M B requests s -> In i (jobs s) -> In j (jobs s) ->
  id (tag i) = id (tag j) -> i = j.
Proof.
  intros good. apply (nodup_same (fun k => id (tag k))).
  assert (same : Permutation (map of (filter completed (log s)) ++ map tag (jobs s)) requests).
  { rewrite <- (each_once _ _ _ _ good). unfold requests_in, jobs. rewrite !map_app, map_map.
    cbn [tag arrives]. now rewrite map_id. }
  pose proof (Permutation_NoDup (Permutation_map id (Permutation_sym same))
    (distinct_ids _ _ _ instance)) as distinct.
  rewrite map_app in distinct. apply nodup_app in distinct as (_ & distinct & _).
  now rewrite map_map in distinct.
Qed.

Section Round.
Variables s s' : state.
Variables arrived later : list request.
Variables E S A L finished going : list (job request).
Hypothesis reached : reaches M B requests s.
Hypothesis parts : round_parts M B s s' arrived later E S A L finished going.

Let good := reaches_safe M B requests instance s reached.
Let good' := safe_next M B requests instance s s' _ _ _ _ _ _ _ _ good parts.
Let D := decided _ _ _ _ _ _ _ _ _ _ _ _ parts.

(* The requests of the jobs of a round complete in it or are those of the next. *)
Lemma jobs_tags : Permutation (map tag finished ++ map tag (jobs s')) (map tag (jobs s)).
Proof.
  unfold jobs. rewrite !map_app.
  rewrite (Permutation_map tag (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts)).
  rewrite (Permutation_map tag (next_waiting _ _ _ _ _ _ _ _ _ _ _ _ parts)).
  rewrite (next_coming _ _ _ _ _ _ _ _ _ _ _ _ parts).
  rewrite (coming_parts _ _ _ _ _ _ _ _ _ _ _ _ parts).
  pose proof (Permutation_map tag (one_token_each _ _ _ _ _ _ _ _ _ _ _ _ parts)) as token.
  pose proof (Permutation_map tag (all_running _ _ _ _ _ _ _ _ D)) as ran.
  pose proof (Permutation_map tag (all_waiting _ _ _ _ _ _ _ _ D)) as waited.
  rewrite !map_app, !map_map in *. cbn [tag one_more learnt thrown_back arrives] in *.
  change (map (fun x : job request => tag x)) with (map (@tag request)) in *.
  rewrite !map_id in *. rewrite (app_assoc (map tag finished)), <- token, ran.
  rewrite (app_assoc (map tag (waiting s))), waited, !app_assoc. apply Permutation_app_tail.
  rewrite <- !app_assoc, (Permutation_app_comm (map tag E)), <- !app_assoc. reflexivity.
Qed.

(* A round has no more events to come than the one before, and if it has as many, no request
   completes. *)
Lemma events_fall : events s' + Z.of_nat (length finished) = events s.
Proof.
  pose proof (Permutation_length jobs_tags) as same. rewrite app_length, !map_length in same.
  unfold events. lia.
Qed.

(* An evicted request has one above it that stays. *)
Lemma one_above_stays y : In y E -> exists x, In x S /\ below y x = true.
Proof.
  intros here. destruct (running_ascends M B requests instance s s' _ _ _ _ _ _ _ _ reached parts)
    as (l & sorted & all).
  destruct (evicted_in_order M B requests instance s s' _ _ _ _ _ _ _ _ reached parts l sorted all)
    as (k & out & stay & _).
  assert (some : S <> []).
  { apply (greatest_stays M B requests instance s s' _ _ _ _ _ _ _ _ reached parts). intros none.
    pose proof (all_running _ _ _ _ _ _ _ _ D) as ran. rewrite none in ran.
    apply Permutation_nil in ran. apply app_eq_nil in ran as [no_E _]. now rewrite no_E in here. }
  assert (one : exists x, In x S) by (destruct S as [|x S0]; [easy|exists x; now left]).
  destruct one as [x there]. exists x. split; [exact there|].
  rewrite <- (firstn_skipn k l) in sorted. apply sorted_app in sorted as (_ & _ & across).
  apply across; eapply Permutation_in; eassumption.
Qed.

(* In a busy round some request leads: no other that runs is above it. *)
Lemma some_leads : S ++ A <> [] -> exists g, In g (S ++ A) /\
  forall x, In x (S ++ A) -> below g x = false.
Proof.
  intros busy. apply (least_exists (fun x y => below y x) (S ++ A)); [| |exact busy].
  - exact below_irreflexive.
  - intros x y z xy yz. exact (below_transitive _ _ _ yz xy).
Qed.

Section Leader.
Variable g : job request.
Hypothesis leads : In g (S ++ A).
Hypothesis top : forall x, In x (S ++ A) -> below g x = false.

(* All that is below one that ran is below the leader. *)
Lemma below_leader i k : In k (running s) -> below i k = true -> below i g = true.
Proof.
  intros here under. apply below_learnt in under.
  assert (there : In (learnt k) (E ++ S)).
  { eapply Permutation_in; [exact (all_running _ _ _ _ _ _ _ _ D)|]. now apply in_map. }
  apply in_app_iff in there as [out|stays].
  - destruct (one_above_stays _ out) as (x & stays & above).
    apply (above_too i x); [exact (below_transitive _ _ _ under above)|].
    apply top, in_app_iff. auto.
  - apply (above_too i (learnt k)); [exact under|]. apply top, in_app_iff. auto.
Qed.

(* What `led` says of the jobs before the round holds, with the leader, of one that learnt. *)
Lemma led_learnt h k : led s h -> In k (running s) -> h (tag k) <= generated k \/
  (h (tag k) <= assumed k /\ below (learnt k) g = true).
Proof.
  intros so_far here. destruct (so_far k) as [_ [past|[assumes (x & there & under)]]];
    [unfold jobs; apply in_app_iff; auto|now left|].
  destruct (Z.lt_ge_cases (assumed k) (generated k)) as [rises|not].
  - left. lia.
  - right. split; [exact assumes|]. pose proof (below_leader k x there under) as under'.
    rewrite below_spec in *. rewrite learnt_assumed. cbn. lia.
Qed.

(* The same of one that waits or arrives. *)
Lemma led_waiting h k : led s h -> In k (A ++ L) -> h (tag k) <= 0 \/
  (h (tag k) <= assumed k /\ below k g = true).
Proof.
  intros so_far here. assert (there : In k (jobs s)).
  { apply (Permutation_in _ (Permutation_sym (all_waiting _ _ _ _ _ _ _ _ D))) in here.
    unfold jobs. rewrite !in_app_iff. apply in_app_iff in here as [here|here]; [auto|].
    right; right. eapply Permutation_in; [|apply in_or_app; left; exact here].
    rewrite <- map_app. apply Permutation_map. symmetry.
    exact (coming_parts _ _ _ _ _ _ _ _ _ _ _ _ parts). }
  destruct (queue_well M B _ instance _ _ _ _ _ _ _ _ _ _ good parts k here) as (_ & none & _).
  destruct (so_far k there) as [_ [past|[assumes (x & runs & under)]]]; [left; lia|].
  right. split; [exact assumes|]. exact (below_leader k x runs under).
Qed.

(* The leader is past the tokens that it generated as leader. *)
Lemma leader_is_past h : led s h -> h (tag g) <= generated g.
Proof.
  intros so_far. pose proof (below_irreflexive g) as not_below.
  apply in_app_iff in leads as [stays|admitted].
  - destruct (from_running M B _ _ _ _ _ _ _ _ _ _ parts g) as (k & ran & same);
      [apply in_app_iff; auto|]. destruct (led_learnt h k so_far ran) as [past|[_ under]].
    + now rewrite same.
    + rewrite <- same in under. congruence.
  - destruct (led_waiting h g so_far) as [past|[_ under]]; [apply in_app_iff; auto| |congruence].
    destruct (queue_well M B _ instance _ _ _ _ _ _ _ _ _ _ good parts g) as (_ & none & _);
      [apply in_app_iff; auto|]. lia.
Qed.

(* Without a completion, each job that generates a token goes on. *)
Lemma goes_on j : finished = [] -> In j (S ++ A) -> In (one_more j) (running s').
Proof.
  intros none here.
  eapply Permutation_in; [symmetry; exact (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts)|].
  pose proof (one_token_each _ _ _ _ _ _ _ _ _ _ _ _ parts) as token. rewrite none in token.
  eapply Permutation_in; [exact token|]. now apply in_map.
Qed.

(* What `led` says of the jobs of the next round, if h is not changed. *)
Lemma led_after h i : led s h -> finished = [] -> In i (jobs s') -> h (tag i) <= generated i \/
  (h (tag i) <= assumed i /\ below i (one_more g) = true).
Proof.
  intros so_far none here. unfold jobs in here. rewrite !in_app_iff in here.
  change (below i (one_more g)) with (below i g). destruct here as [here|[here|here]].
  - apply (Permutation_in _ (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts)) in here.
    destruct (from_generating M B _ _ _ _ _ _ _ _ _ _ parts i) as (x & there & ->);
      [apply in_app_iff; auto|]. change (below (one_more x) g) with (below x g).
    cbn [one_more tag generated assumed]. apply in_app_iff in there as [stays|admitted].
    + destruct (from_running M B _ _ _ _ _ _ _ _ _ _ parts x) as (k & ran & ->);
        [apply in_app_iff; auto|]. rewrite learnt_assumed. cbn [learnt tag generated].
      destruct (led_learnt h k so_far ran) as [past|[low under]]; [left; lia|right; split;
        [lia|auto]].
    + destruct (generates_well M B _ instance _ _ _ _ _ _ _ _ _ _ good parts x) as (_ & some & _);
        [apply in_app_iff; auto|].
      destruct (led_waiting h x so_far) as [past|[low under]]; [apply in_app_iff; auto|left; lia|].
      right. split; [lia|exact under].
  - apply (Permutation_in _ (next_waiting _ _ _ _ _ _ _ _ _ _ _ _ parts)) in here.
    apply in_app_iff in here as [here|here].
    + destruct (queue_well M B _ instance _ _ _ _ _ _ _ _ _ _ good parts i) as (_ & -> & _);
        [apply in_app_iff; auto|]. apply led_waiting; [exact so_far|]. apply in_app_iff. auto.
    + apply in_map_iff in here as (x & <- & out). change (below (thrown_back x) g) with (below x
      g).
      right. destruct (one_above_stays x out) as (y & stays & above). split.
      * destruct (from_running M B _ _ _ _ _ _ _ _ _ _ parts x) as (k & ran & ->);
          [apply in_app_iff; auto|]. cbn [thrown_back tag assumed]. rewrite learnt_assumed.
        cbn [learnt tag]. destruct (led_learnt h k so_far ran) as [past|[low _]]; lia.
      * apply (above_too x y); [exact above|]. apply top, in_app_iff. auto.
  - apply in_map_iff in here as (r & <- & here). destruct (so_far (arrives r)) as [_ past].
    + unfold jobs. rewrite !in_app_iff. right; right. apply in_map.
      apply (Permutation_in _ (Permutation_sym (coming_parts _ _ _ _ _ _ _ _ _ _ _ _ parts))).
      apply in_app_iff. right.
      exact (Permutation_in _ (next_coming _ _ _ _ _ _ _ _ _ _ _ _ parts) here).
    + destruct past as [past|(low & x & runs & under)]; [now left|]. right. split; [exact low|].
      exact (below_leader _ x runs under).
Qed.

(* Without a completion, the leader's token is counted, and the potential falls. *)
Lemma leader_counts h : led s h -> finished = [] ->
  let h' r := if id r =? id (tag g) then generated g + 1 else h r in
  led s' h' /\ sum (fun j => output_len (tag j) - h' (tag j)) (jobs s') + 1
    <= sum (fun j => output_len (tag j) - h (tag j)) (jobs s).
Proof.
  intros so_far none h'. pose proof (goes_on g none leads) as on.
  pose proof (leader_is_past h so_far) as past.
  assert (on' : In (one_more g) (jobs s')) by (unfold jobs; apply in_app_iff; auto).
  pose proof jobs_tags as same. rewrite none in same. cbn [map app] in same.
  assert (range : forall i, In i (jobs s') -> 0 <= h (tag i) <= output_len (tag i)).
  { intros i here. apply (in_map tag), (Permutation_in _ same), in_map_iff in here as (k & <- &
    here).
    now apply so_far. }
  assert (own : forall i, In i (jobs s') -> id (tag i) = id (tag g) -> i = one_more g)
    by (intros i here; now apply (jobs_once s' i (one_more g) good' here on')).
  destruct (generates_well M B _ instance _ _ _ _ _ _ _ _ _ _ good parts g leads) as (_ & some &
    _).
  split.
  - intros i here. unfold h'. destruct (Z.eqb_spec (id (tag i)) (id (tag g))) as [is_g|other].
    + rewrite (own i here is_g). cbn [one_more tag generated]. lia.
    + split; [now apply range|]. destruct (led_after h i so_far none here); [auto|]. right.
    split; [tauto|].
      exists (one_more g). tauto.
  - rewrite <- (sum_map (fun r => output_len r - h r) tag (jobs s)), <- (sum_perm _ _ _ same),
    sum_map.
    assert (less : forall m, incl m (jobs s') -> sum (fun j => output_len (tag j) - h' (tag j)) m
      <= sum (fun j => output_len (tag j) - h (tag j)) m).
    { intros m part. apply sum_le. intros i here. unfold h'.
      destruct (Z.eqb_spec (id (tag i)) (id (tag g))) as [is_g|_]; [|lia].
      rewrite (own i (part i here) is_g). cbn [one_more tag]. lia. }
    apply in_split in on' as (a & b & shape). rewrite shape in *. rewrite !sum_app. cbn [sum].
    pose proof (less a (incl_appl _ (incl_refl _))).
    pose proof (less b (fun i here => in_or_app a (one_more g :: b) i (or_intror (in_cons _ _ _
      here)))).
    unfold h' at 2. cbn [one_more tag]. rewrite Z.eqb_refl. lia.
Qed.
End Leader.

(* In a busy round the potential is positive, and it falls if no request completes. *)
Lemma potential_falls p : S ++ A <> [] -> potential s p -> 1 <= p /\
  (finished = [] -> exists p', potential s' p' /\ p' + 1 <= p).
Proof.
  intros busy (h & so_far & enough_left & _). destruct (some_leads busy) as (g & leads & top).
  split.
  - pose proof (leader_is_past g leads top h so_far) as past.
    destruct (generates_well M B _ instance _ _ _ _ _ _ _ _ _ _ good parts g leads)
      as (_ & some & _).
    assert (here : In (tag g) (map tag (jobs s))).
    { apply (Permutation_in _ jobs_tags). rewrite <- map_app. apply (in_map tag _ (one_more g)).
      apply (in_map one_more), (Permutation_in _ (one_token_each _ _ _ _ _ _ _ _ _ _ _ _ parts))
        in leads. unfold jobs. rewrite !in_app_iff in *. destruct leads as [leads|leads]; [auto|].
      right; left. eapply Permutation_in; [symmetry|exact leads].
      exact (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts). }
    apply in_map_iff in here as (i & same & here).
    assert (nonneg : forall j, In j (jobs s) -> 0 <= output_len (tag j) - h (tag j))
      by (intros j there; destruct (so_far j there); lia).
    pose proof (one_term (fun j => output_len (tag j) - h (tag j)) (jobs s) i nonneg here) as term.
    cbn beta in term. rewrite same in term. lia.
  - intros none. destruct (leader_counts g leads top h so_far none) as [so_far' less].
    exists (sum (fun j => output_len (tag j) - h (tag j)) (jobs s) - 1). split; [|lia].
    eexists. split; [exact so_far'|]. cbn beta. split; [lia|]. intros over.
    pose proof (goes_on g none leads) as on. unfold jobs in over.
    apply app_eq_nil in over as [over _]. now rewrite over in on.
Qed.
End Round.
End Progress.
