(* The rounds in which a schedule of runs that keep tokens generates them are a schedule of tokens
   with the same cost: the second inequality of T22. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Certificate Check Leaders.
From AminRef.facts Require Import Sums Lists Blocks.
From AminRef.resume Require Import Keeping TokenPrices TokenStretches TokenOptimum.
Import ListNotations.
Open Scope Z_scope.

(* Run x goes through round t. *)
Definition through (t : Z) (x : run) : bool := (start x <=? t) && (t <? stop x).

(* The tokens that run x has generated before round t. *)
Definition done_by (t : Z) (x : run) : Z := Z.max 0 (Z.min (stop x) t - start x).

(* Part of rounds in a row increases. *)
Lemma rising_part p n t0 t : (forall u, t0 <= u -> p u = true -> t <= u) ->
  rising t (filter p (in_a_row n t0)).
Proof.
  revert t0 t. induction n as [|n IH]; intros t0 t late; cbn [in_a_row filter]; [exact I|].
  destruct (p t0) eqn:here; [|apply IH; intros u after; apply late; lia].
  cbn [rising]. split; [apply late; [lia|exact here]|]. apply IH. intros u after _. lia.
Qed.

(* A round more. *)
Lemma done_next t x : start x < stop x ->
  done_by (t + 1) x - done_by t x = if through t x then 1 else 0.
Proof.
  intros some. unfold done_by, through.
  destruct (Z.leb_spec (start x) t), (Z.ltb_spec t (stop x)); cbn [andb]; lia.
Qed.

(* A sum of differences. *)
Lemma sum_minus {A} (f g : A -> Z) l : sum (fun x => f x - g x) l = sum f l - sum g l.
Proof. induction l as [|x l IH]; cbn; lia. Qed.

Section One.
Variable B : Z.
Variable r : request.
Variable runs : list run.
Hypothesis lengths : forall x, In x runs -> start x < stop x.
Hypothesis separate : ForallOrdPairs (fun x y => stop x <= start y \/ stop y <= start x) runs.
Notation generates t := (existsb (through t) runs).
Notation rounds n t0 := (filter (fun u => generates u) (in_a_row n t0)).
Notation tokens_by t := (sum (done_by t) runs).

(* At most one of the runs goes through a round. *)
Lemma one_through t : sum (fun x => if through t x then 1 else 0) runs =
  if generates t then 1 else 0.
Proof.
  revert lengths separate. induction runs as [|x l IH]; intros some apart; [reflexivity|].
  inversion_clear apart as [|y m first rest]. cbn [sum existsb].
  rewrite IH by (auto; intros y here; apply some; now right).
  destruct (through t x) eqn:goes; cbn [orb]; [|destruct (existsb _ l); lia].
  replace (existsb (through t) l) with false; [lia|]. symmetry. apply not_true_iff_false.
  intros yes. apply existsb_exists in yes as (y & here & goes').
  rewrite Forall_forall in first. specialize (first y here). unfold through in goes, goes'.
  rewrite andb_true_iff, Z.leb_le, Z.ltb_lt in goes, goes'. lia.
Qed.

(* So a round adds one token, or none. *)
Lemma tokens_next t : tokens_by (t + 1) = tokens_by t + if generates t then 1 else 0.
Proof.
  rewrite <- one_through. enough (sum (fun x => done_by (t + 1) x - done_by t x) runs =
    sum (fun x => if through t x then 1 else 0) runs) by (rewrite sum_minus in *; lia).
  apply sum_ext. intros x here. apply done_next. auto.
Qed.

(* The number of rounds in which a token is generated. *)
Lemma rounds_count n t0 : Z.of_nat (length (rounds n t0)) =
  tokens_by (t0 + Z.of_nat n) - tokens_by t0.
Proof.
  revert t0. induction n as [|n IH]; intros t0; cbn [in_a_row filter].
  - rewrite Z.add_0_r. cbn [length]. lia.
  - specialize (IH (t0 + 1)). rewrite tokens_next in IH.
    replace (t0 + 1 + Z.of_nat n) with (t0 + Z.of_nat (S n)) in IH by lia.
    destruct (existsb (through t0) runs); cbn [length]; lia.
Qed.

(* What the request occupies in a round in which it generates a token. *)
Lemma occupies_rounds n t0 a t : occupies B r a (rounds n t0) t =
  if (t0 <=? t) && (t <? t0 + Z.of_nat n) && generates t
  then occ B (prompt_len r + a + (tokens_by t - tokens_by t0)) else 0.
Proof.
  revert t0 a. induction n as [|n IH]; intros t0 a; cbn [in_a_row filter].
  - cbn [occupies]. destruct (Z.leb_spec t0 t), (Z.ltb_spec t (t0 + Z.of_nat 0)); cbn [andb]; lia.
  - pose proof (tokens_next t0) as next.
    replace (t0 + Z.of_nat (S n)) with (t0 + 1 + Z.of_nat n) by lia.
    destruct (existsb (through t0) runs) eqn:here; cbn [occupies]; rewrite IH.
    + destruct (Z.eqb_spec t t0) as [->|other].
      * rewrite here, Z.leb_refl, (proj2 (Z.leb_gt (t0 + 1) t0)) by lia. cbn [andb].
        rewrite (proj2 (Z.ltb_lt t0 _)), Z.sub_diag, !Z.add_0_r by lia. reflexivity.
      * replace (prompt_len r + (a + 1) + (tokens_by t - tokens_by (t0 + 1)))
          with (prompt_len r + a + (tokens_by t - tokens_by t0)) by lia.
        destruct (Z.leb_spec t0 t), (Z.leb_spec (t0 + 1) t); try lia; reflexivity.
    + destruct (Z.eq_dec t t0) as [->|other].
      * now rewrite here, !andb_false_r.
      * replace (tokens_by (t0 + 1)) with (tokens_by t0) by lia.
        destruct (Z.leb_spec t0 t), (Z.leb_spec (t0 + 1) t); try lia; reflexivity.
Qed.

(* The rounds end with the last run. *)
Lemma rounds_end x n t0 e : In x runs -> (forall y, In y runs -> stop y <= stop x) ->
  start x <= stop x - 1 -> t0 <= stop x - 1 < t0 + Z.of_nat n -> end_of e (rounds n t0) = stop x.
Proof.
  intros here last some. revert t0 e. induction n as [|n IH]; intros t0 e range; [lia|].
  cbn [in_a_row filter]. destruct (Z.eq_dec (stop x - 1) t0) as [ends|goes].
  - replace (existsb (through t0) runs) with true.
    + rewrite filter_none; [cbn [end_of]; lia|]. intros u there. apply not_true_iff_false.
      intros yes. apply existsb_exists in yes as (y & is & yes). specialize (last y is).
      unfold through in yes. rewrite andb_true_iff, Z.leb_le, Z.ltb_lt in yes.
      assert (after : forall m v w, In v (in_a_row m w) -> w <= v).
      { induction m as [|m inner]; intros v w; cbn [in_a_row In]; [easy|].
        intros [->|later]; [lia|]. specialize (inner v (w + 1) later). lia. }
      specialize (after n u (t0 + 1) there). lia.
    + symmetry. apply existsb_exists. exists x. split; [exact here|]. unfold through.
      rewrite andb_true_iff, Z.leb_le, Z.ltb_lt. lia.
  - destruct (existsb (through t0) runs); cbn [end_of]; apply IH; lia.
Qed.

(* Within run x, the tokens so far are those of the earlier runs, and those of x. *)
Lemma tokens_within x t : In x runs -> start x <= t <= stop x -> tokens_by t =
  sum (fun y => if stop y <=? start x then stop y - start y else 0) runs + (t - start x).
Proof.
  intros here range. pose proof (one_through (start x)) as one.
  replace (existsb (through (start x)) runs) with true in one.
  - rewrite <- (Z.mul_1_r (t - start x)), <- one, <- sum_scale, <- sum_plus. apply sum_ext.
    intros y there. pose proof (lengths x here). pose proof (lengths y there).
    assert (place : (start y = start x /\ stop y = stop x) \/ stop x <= start y \/
      stop y <= start x).
    { destruct (ForallOrdPairs_In separate x y here there) as [<-|[apart|apart]]; lia. }
    unfold done_by, through. destruct (Z.leb_spec (stop y) (start x)),
      (Z.leb_spec (start y) (start x)), (Z.ltb_spec (start x) (stop y)); cbn [andb]; lia.
  - symmetry. apply existsb_exists. exists x. split; [exact here|]. unfold through.
    pose proof (lengths x here). rewrite andb_true_iff, Z.leb_le, Z.ltb_lt. lia.
Qed.
End One.

Section Whole.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Variable l : list run.
Hypothesis V : valid_kept M B requests l.
Let block := some_block _ _ _ instance.
Notation own r := (filter (fun x => id (of x) =? id r) l).
Notation tokens_by r t := (sum (done_by t) (own r)).

(* The rounds in which request r generates its tokens. *)
Definition rounds_of_runs (r : request) : list Z :=
  filter (fun t => existsb (through t) (own r)) (in_a_row (Z.to_nat (last_stop l)) 0).

(* The runs of the schedule, with their requests. *)
Definition tokens_of_runs : list (request * list Z) :=
  map (fun r => (r, rounds_of_runs r)) requests.

(* A run of request r is a run of a request of the instance. *)
Lemma own_run r x : In r requests -> In x (own r) ->
  In x l /\ of x = r /\ 0 <= start x < stop x /\ arrival r <= start x.
Proof.
  intros is here. apply filter_In in here as [here one]. apply Z.eqb_eq in one.
  destruct (kept_length _ _ _ _ V x here) as (known & some & _).
  assert (of x = r) as same.
  { apply (nodup_same id requests); auto. exact (distinct_ids _ _ _ instance). }
  pose proof (kept_arrival _ _ _ _ V x here) as came. rewrite same in came.
  destruct (sane_in M B requests r instance is) as [_ _ _ _ from_0 _]. repeat split; auto; lia.
Qed.

(* The runs of a request are separate, and take time. *)
Lemma own_apart r : In r requests -> (forall x, In x (own r) -> start x < stop x) /\
  ForallOrdPairs (fun x y => stop x <= start y \/ stop y <= start x) (own r).
Proof.
  intros is. split; [intros x here; now destruct (own_run r x is here)|].
  pose proof (kept_apart _ _ _ _ V) as apart. clear V. induction apart as [|x m first _ IH];
    cbn [filter]; [constructor|].
  destruct (Z.eqb_spec (id (of x)) (id r)) as [one|]; [|exact IH]. constructor; [|exact IH].
  apply Forall_forall. intros y here. apply filter_In in here as [here same].
  apply Z.eqb_eq in same. rewrite Forall_forall in first. apply first; [exact here|congruence].
Qed.

(* Within run x, the tokens so far are those that its request had, and those of x. *)
Lemma tokens_in_run x t : In x l -> start x <= t <= stop x ->
  tokens_by (of x) t = had l x + (t - start x).
Proof.
  intros here range. destruct (kept_length _ _ _ _ V x here) as (known & _).
  destruct (own_apart (of x) known) as [some apart].
  rewrite (tokens_within (own (of x)) some apart x t); [|apply filter_In; split;
    [exact here|apply Z.eqb_refl]|exact range].
  f_equal. unfold had, tokens_in. rewrite !sum_filter. apply sum_ext. intros y _.
  now destruct (id (of y) =? id (of x)), (stop y <=? start x).
Qed.

(* Tokens are not lost. *)
Lemma tokens_grow r t u : t <= u -> tokens_by r t <= tokens_by r u.
Proof. intros order. apply sum_le. intros x _. unfold done_by. lia. Qed.

(* No run of a request comes after its completed run. *)
Lemma completed_last x y : In x l -> completed x = true -> In y (own (of x)) -> stop y <= stop x.
Proof.
  intros here done there. destruct (kept_length _ _ _ _ V x here) as (known & some & all).
  rewrite done in all. destruct (own_run (of x) y known there) as (is & same & length_y & _).
  destruct (own_apart (of x) known) as [_ apart].
  assert (here' : In x (own (of x))) by (apply filter_In; split; [exact here|apply Z.eqb_refl]).
  destruct (ForallOrdPairs_In apart x y here' there) as [<-|order]; [lia|].
  destruct (Z.le_gt_cases (stop y) (start x)) as [before|after]; [lia|]. exfalso.
  pose proof (tokens_in_run x (stop x) here ltac:(lia)) as at_x.
  pose proof (tokens_in_run y (start y) is ltac:(lia)) as at_y. rewrite same in at_y.
  pose proof (tokens_grow (of x) (stop x) (start y) ltac:(lia)).
  destruct (kept_length _ _ _ _ V y is) as (_ & _ & total). rewrite same in total.
  destruct (completed y); lia.
Qed.

(* The rounds of a request with a completed run: as many as its tokens, up to the end of the run. *)
Lemma rounds_of_completed x : In x l -> completed x = true ->
  token_rounds (of x) (rounds_of_runs (of x)) /\
  end_of (arrival (of x)) (rounds_of_runs (of x)) = stop x.
Proof.
  intros here done. destruct (kept_length _ _ _ _ V x here) as (known & some & all).
  rewrite done in all. destruct (own_apart (of x) known) as [lengths apart].
  assert (here' : In x (own (of x))) by (apply filter_In; split; [exact here|apply Z.eqb_refl]).
  destruct (own_run (of x) x known here') as (_ & _ & from_0 & came).
  pose proof (last_stop_ge x l here) as horizon.
  assert (count : Z.of_nat (length (rounds_of_runs (of x))) = output_len (of x)).
  { unfold rounds_of_runs. rewrite (rounds_count _ lengths apart), Z2Nat.id by lia.
    pose proof (tokens_in_run x (stop x) here ltac:(lia)) as at_end.
    assert (none : tokens_by (of x) 0 = 0).
    { apply sum_zero. intros y there. destruct (own_run (of x) y known there) as (_ & _ & ? & _).
      unfold done_by. lia. }
    assert (no_more : tokens_by (of x) (0 + last_stop l) = tokens_by (of x) (stop x)).
    { apply sum_ext. intros y there. pose proof (completed_last x y here done there).
      unfold done_by. lia. }
    lia. }
  split; [split; [|exact count]|].
  - apply rising_part. intros u _ yes. apply existsb_exists in yes as (y & there & goes).
    destruct (own_run (of x) y known there) as (_ & _ & _ & after). unfold through in goes.
    apply andb_prop in goes as [begun _]. apply Z.leb_le in begun. lia.
  - unfold rounds_of_runs. apply rounds_end with (x := x); auto; try lia.
    intros y there. now apply completed_last.
Qed.

(* What a run occupies is not negative. *)
Lemma holds_kept_nonneg t x : In x l -> 0 <= holds_kept B l t x.
Proof.
  intros here. unfold holds_kept. destruct (_ && _) eqn:goes; [|lia].
  rewrite andb_true_iff, Z.leb_le, Z.ltb_lt in goes. destruct (kept_length _ _ _ _ V x here)
    as (known & _). destruct (sane_in M B requests _ instance known) as [some _ _ _ _ _].
  pose proof (tokens_in_run x t here ltac:(lia)) as so_far.
  assert (0 <= tokens_by (of x) t) by (apply sum_nonneg; intros y _; unfold done_by; lia).
  apply occ_nonneg; [exact block|lia].
Qed.

(* In each round a request occupies at most what its runs do. *)
Lemma occupies_as_runs r t : In r requests ->
  occupies B r 1 (rounds_of_runs r) t <= sum (holds_kept B l t) (own r).
Proof.
  intros is. destruct (own_apart r is) as [lengths apart].
  assert (nonneg : forall y, In y (own r) -> 0 <= holds_kept B l t y).
  { intros y here. apply holds_kept_nonneg. now apply filter_In in here. }
  unfold rounds_of_runs. rewrite (occupies_rounds B r _ lengths apart).
  destruct (_ && _) eqn:goes; [|now apply sum_nonneg]. apply andb_prop in goes as [_ goes].
  apply existsb_exists in goes as (x & here & goes). destruct (own_run r x is here)
    as (in_l & same & _). etransitivity; [|exact (one_term _ _ x nonneg here)].
  unfold holds_kept. fold (through t x). rewrite goes. unfold through in goes.
  rewrite andb_true_iff, Z.leb_le, Z.ltb_lt in goes.
  pose proof (tokens_in_run x t in_l ltac:(lia)) as so_far. rewrite same in so_far.
  assert (none : tokens_by r 0 = 0).
  { apply sum_zero. intros y there. destruct (own_run r y is there) as (_ & _ & from_0 & _).
    unfold done_by. lia. }
  rewrite none, so_far, same. apply Z.eq_le_incl. f_equal. lia.
Qed.

(* Each run is one of at most one request. *)
Lemma each_run_once t : sum (fun r => sum (holds_kept B l t) (own r)) requests
  <= occupancy_kept B l t.
Proof.
  rewrite (sum_ext _ (fun r => sum (fun x => if id (of x) =? id r then holds_kept B l t x else 0)
    l)) by (intros r _; apply sum_filter).
  rewrite sum_exchange. apply sum_le. intros x here.
  pose proof (holds_kept_nonneg t x here) as some.
  pose proof (distinct_ids _ _ _ instance) as distinct. revert distinct. clear -some.
  induction requests as [|r rest IH]; cbn [sum map]; intros distinct; [exact some|].
  apply NoDup_cons_iff in distinct as [new distinct]. specialize (IH distinct).
  destruct (Z.eqb_spec (id (of x)) (id r)) as [one|]; [|lia].
  rewrite sum_zero; [lia|]. intros r' there. destruct (Z.eqb_spec (id (of x)) (id r')) as [two|];
    [|reflexivity]. destruct new. rewrite <- one, two. now apply in_map.
Qed.

(* The second inequality of T22. *)
Theorem runs_as_tokens : valid_tokens M B requests tokens_of_runs /\
  token_cost tokens_of_runs = total_latency l.
Proof.
  assert (complete : forall r, In r requests -> exists x, In x l /\ completed x = true /\ of x = r).
  { intros r is. apply (Permutation_in _ (Permutation_sym (kept_once _ _ _ _ V))), in_map_iff in is
      as (x & same & here). apply filter_In in here as [here done]. eauto. }
  split; [constructor|].
  - unfold tokens_of_runs. rewrite map_map. cbn [fst]. now rewrite map_id.
  - intros p here. apply in_map_iff in here as (r & <- & is).
    destruct (complete r is) as (x & here & done & <-). now apply rounds_of_completed.
  - intros t. unfold tokens_of_runs. rewrite sum_map.
    etransitivity; [|exact (kept_capacity _ _ _ _ V t)]. etransitivity; [|exact (each_run_once t)].
    apply sum_le. intros r is. now apply occupies_as_runs.
  - unfold token_cost, tokens_of_runs, total_latency. rewrite sum_map. cbn [fst snd].
    rewrite <- (sum_perm _ _ _ (kept_once _ _ _ _ V)), sum_map. apply sum_ext. intros x here.
    apply filter_In in here as [here done].
    destruct (rounds_of_completed x here done) as [_ ->]. reflexivity.
Qed.
End Whole.

(* T22 in the book's words. *)
Theorem costs_in_order M B requests : sane_instance M B requests ->
  (forall l, valid_kept M B requests l \/ valid M B requests l ->
    exists v, valid_tokens M B requests v /\ token_cost v = total_latency l) /\
  forall n, token_optimum M B requests n ->
    (forall prices d, 1 <= d -> Forall (fun c => 0 <= c) prices ->
      - (- bound_kept M B prices d requests / d) <= n) /\
    (forall l, valid_kept M B requests l -> n <= total_latency l) /\
    forall m, optimum M B requests m -> n <= m.
Proof.
  intros instance.
  assert (as_tokens : forall l, valid_kept M B requests l \/ valid M B requests l -> exists v,
    valid_tokens M B requests v /\ token_cost v = total_latency l).
  { intros l [V|V]; [|now apply valid_as_tokens]. eexists.
    exact (runs_as_tokens M B requests instance l V). }
  split; [exact as_tokens|]. intros n [(v & tokens & <-) least]. split; [|split].
  - intros prices d some nonneg.
    now apply (every_token_certificate M B requests prices d instance some nonneg).
  - intros l V. destruct (as_tokens l) as (w & tokens' & <-); auto.
  - intros m [(s & V & <-) _]. destruct (as_tokens s) as (w & tokens' & <-); auto.
Qed.
