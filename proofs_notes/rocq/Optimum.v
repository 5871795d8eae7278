(* OPT as a number: it exists (Lemma 6), an optimal start vector is found in a finite set (Lemma 7),
   and OPT does not rise when the capacity grows or requests become fewer or shorter (T11). *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Certificate Starts.
From AminRef.facts Require Import Sums Lists Blocks Steps.
Import ListNotations.
Open Scope Z_scope.

(* A start vector of the requests that costs least. *)
Record optimal (M B : Z) (requests : list request) (v : list placed) : Prop := Optimal {
  is_vector : start_vector M B v;
  of_requests : Permutation (map fst v) requests;
  costs_least : forall v', start_vector M B v' -> Permutation (map fst v') requests ->
    cost_of v <= cost_of v' }.

(* R, the last arrival. *)
Definition last_arrival (requests : list request) : Z :=
  fold_right (fun r latest => Z.max (arrival r) latest) 0 requests.

(* The requests one after the other, from round t on. *)
Fixpoint in_a_row (t : Z) (requests : list request) : list placed :=
  match requests with [] => [] | r :: later => (r, t) :: in_a_row (t + output_len r) later end.

(* t, ..., t + n - 1 *)
Fixpoint rounds_from (t : Z) (n : nat) : list Z :=
  match n with O => [] | S n' => t :: rounds_from (t + 1) n' end.

(* Every way to start each request within c rounds of its arrival. *)
Fixpoint placements (c : nat) (requests : list request) : list (list placed) :=
  match requests with
  | [] => [[]]
  | r :: others =>
    flat_map (fun t => map (cons (r, t)) (placements c others)) (rounds_from (arrival r) c)
  end.

(* The round after the last run. *)
Definition makespan (v : list placed) : Z :=
  fold_right (fun p latest => Z.max (snd p + output_len (fst p)) latest) 0 v.

(* A test whether no round holds more than M. *)
Definition loads_ok (M B : Z) (v : list placed) : bool :=
  all_below (fun t => load B v t <=? M) (Z.to_nat (makespan v)).

(* The rounds of the list. *)
Lemma in_rounds x t n : In x (rounds_from t n) <-> t <= x < t + Z.of_nat n.
Proof.
  revert t. induction n as [|n IH]; intros t; cbn [rounds_from In]; [lia|]. rewrite IH. lia.
Qed.

(* No arrival is later than the last. *)
Lemma last_arrival_ge requests r : In r requests -> arrival r <= last_arrival requests.
Proof.
  unfold last_arrival. induction requests as [|q l IH]; cbn [In fold_right]; [easy|].
  intros [<-|here]; [lia|]. specialize (IH here). lia.
Qed.

(* No run ends after the last one. *)
Lemma makespan_ge v p : In p v -> snd p + output_len (fst p) <= makespan v.
Proof.
  unfold makespan. induction v as [|q l IH]; cbn [In fold_right]; [easy|].
  intros [<-|here]; [lia|]. specialize (IH here). lia.
Qed.

(* A request occupies nothing before its start or after its end. *)
Lemma occ_of_outside B r k : k < 0 \/ output_len r <= k -> occ_of B r k = 0.
Proof.
  intros outside. unfold occ_of.
  destruct (Z.leb_spec 0 k), (Z.ltb_spec k (output_len r)); cbn [andb]; lia.
Qed.

(* The placements are what they are said to be. *)
Lemma in_placements c requests v : In v (placements c requests) <->
  map fst v = requests /\
  forall p, In p v -> arrival (fst p) <= snd p < arrival (fst p) + Z.of_nat c.
Proof.
  revert v. induction requests as [|r l IH]; intros v; cbn [placements].
  - split; [intros [<-|[]]; split; [reflexivity|easy]|]. intros [none _].
    apply map_eq_nil in none. now left.
  - rewrite in_flat_map. split.
    + intros (t & near & rest). apply in_map_iff in rest as (q & <- & rest).
      apply IH in rest as [<- all]. apply in_rounds in near. split; [reflexivity|].
      intros p [<-|here]; [exact near|auto].
    + intros [same all]. destruct v as [|[r' t] v]; [easy|]. injection same as -> same.
      exists t. split; [apply in_rounds, (all (r, t)); now left|].
      apply in_map, IH. split; [exact same|]. intros p here. apply all. now right.
Qed.

Section Optimum.
Variables M B : Z.
Hypothesis some_block : 1 <= B.
Hypothesis some_capacity : 0 <= M.

(* One request alone fits. *)
Lemma one_fits r k : sane M B r -> 0 <= occ_of B r k <= M.
Proof.
  intros is_sane. split; [now apply (occ_of_nonneg M)|]. destruct is_sane as [some _ _ _ _ fits].
  unfold occ_of. destruct (_ && _) eqn:inside; [|lia]. apply andb_prop in inside as [_ inside].
  apply Z.ltb_lt in inside. etransitivity; [|exact fits]. apply occ_mono; lia.
Qed.

(* One after the other, requests respect the capacity. *)
Lemma in_a_row_fits t requests : Forall (sane M B) requests ->
  (forall x, x < t -> load B (in_a_row t requests) x = 0) /\
  forall x, load B (in_a_row t requests) x <= M.
Proof.
  intros all. revert t. induction all as [|r l is_sane _ IH]; intros t; [split; intros; cbn; lia|].
  destruct (IH (t + output_len r)) as [none fit]. pose proof is_sane as [_ some _ _ _ _].
  unfold load in *. cbn [in_a_row sum fst snd]. split; intros x.
  - intros early. rewrite none, occ_of_outside by lia. lia.
  - destruct (Z.lt_ge_cases x (t + output_len r)) as [first|later].
    + rewrite none by lia. pose proof (one_fits r (x - t) is_sane). lia.
    + rewrite occ_of_outside by lia. specialize (fit x). lia.
Qed.

(* So every instance has a start vector. *)
Lemma in_a_row_vector requests : Forall (sane M B) requests ->
  start_vector M B (in_a_row (last_arrival requests) requests) /\
  map fst (in_a_row (last_arrival requests) requests) = requests.
Proof.
  intros all.
  assert (same : forall l t, map fst (in_a_row t l) = l)
    by (induction l as [|r l IH]; intros t; cbn; [|rewrite IH]; reflexivity).
  assert (late : forall l t p, Forall (sane M B) l -> In p (in_a_row t l) -> t <= snd p).
  { induction l as [|r l IH]; intros t p good; cbn [in_a_row In]; [easy|].
    inversion_clear good as [|x y is_sane others]. destruct is_sane as [_ some _ _ _ _].
    intros [<-|here]; [cbn; lia|]. specialize (IH _ p others here). lia. }
  split; [|apply same]. rewrite Forall_forall in all. constructor.
  - intros p here. apply all. rewrite <- (same requests (last_arrival requests)). now apply in_map.
  - intros p here. transitivity (last_arrival requests).
    + apply last_arrival_ge. rewrite <- (same requests (last_arrival requests)) at 1.
      now apply in_map.
    + apply (late requests); [now apply Forall_forall|exact here].
  - intros t. apply in_a_row_fits. now apply Forall_forall.
Qed.

(* The test of the rounds up to the makespan is a test of all. *)
Lemma loads_ok_spec v : (forall p, In p v -> sane M B (fst p)) ->
  (forall p, In p v -> arrival (fst p) <= snd p) ->
  (loads_ok M B v = true <-> start_vector M B v).
Proof.
  intros all late. unfold loads_ok. rewrite all_below_spec. split.
  - intros fit. constructor; auto. intros t.
    destruct (Z_le_gt_dec 0 t) as [from_0|early], (Z_lt_ge_dec t (makespan v)) as [inside|after];
      try (apply Z.leb_le, fit; lia);
      (unfold load; rewrite sum_zero; [exact some_capacity|]; intros p here;
       apply occ_of_outside; pose proof (makespan_ge v p here); specialize (late p here);
       destruct (all p here); lia).
  - intros [_ _ fit] t _. apply Z.leb_le, fit.
Qed.

(* No request of a start vector costs more than all of them. *)
Lemma delay_le_cost v p : start_vector M B v -> In p v ->
  snd p + output_len (fst p) - arrival (fst p) <= cost_of v.
Proof.
  intros [all late _] here. apply in_split in here as (a & b & ->). unfold cost_of.
  rewrite sum_app. cbn [sum].
  assert (each : forall l, (forall q, In q l -> In q (a ++ p :: b)) ->
    0 <= sum (fun q => snd q + output_len (fst q) - arrival (fst q)) l).
  { intros l part. apply sum_nonneg. intros q there. specialize (late q (part q there)).
    destruct (all q (part q there)). lia. }
  assert (0 <= sum (fun q => snd q + output_len (fst q) - arrival (fst q)) a)
    by (apply each; intros q there; apply in_app_iff; auto).
  assert (0 <= sum (fun q => snd q + output_len (fst q) - arrival (fst q)) b)
    by (apply each; intros q there; apply in_app_iff; cbn; auto). lia.
Qed.

(* An optimal start vector exists: those that cost no more than one after the other are finite. *)
Lemma optimal_exists requests : Forall (sane M B) requests ->
  exists v, map fst v = requests /\ optimal M B requests v.
Proof.
  intros all. destruct (in_a_row_vector requests all) as [one of_all].
  set (v0 := in_a_row _ _) in *. set (c := Z.to_nat (cost_of v0 + 1)).
  set (those := filter (loads_ok M B) (placements c requests)).
  assert (listed : forall v, map fst v = requests -> start_vector M B v ->
    cost_of v <= cost_of v0 ->
    In v those).
  { intros v same vector cheap. pose proof vector as [is_sane late _].
    apply filter_In. rewrite in_placements, loads_ok_spec; auto. split; [|exact vector].
    split; [exact same|]. intros p here. specialize (late p here).
    pose proof (delay_le_cost v p vector here). destruct (is_sane p here). unfold c. lia. }
  destruct (least_of cost_of those) as (v & rest & order & low).
  { intros none. specialize (listed v0 of_all one ltac:(lia)). now rewrite none in listed. }
  assert (here : In v those) by (eapply Permutation_in; [symmetry; exact order|now left]).
  apply filter_In in here as [here fits]. apply in_placements in here as [same near].
  apply loads_ok_spec in fits.
  - exists v. split; [exact same|]. constructor;
    [exact fits|now rewrite same|]. intros v' vector by_order.
    destruct (in_their_order M B v' requests vector by_order) as (v1 & same1 & vector1 & <-).
    destruct (Z.le_gt_cases (cost_of v1) (cost_of v0)) as [cheap|dear]; [now apply low, listed|].
    specialize (low v0 (listed v0 of_all one ltac:(lia))). lia.
  - intros p here. rewrite Forall_forall in all. apply all. rewrite <- same. now apply in_map.
  - intros p here. now apply near.
Qed.
End Optimum.

Section Lemma_7.
Variables M B : Z.
Variable requests : list request.
Variable v : list placed.
Hypothesis best : optimal M B requests v.

(* Does the placed request run in round t? *)
Definition runs_in (t : Z) (p : placed) : bool :=
  (snd p <=? t) && (t <? snd p + output_len (fst p)).

(* The starts above round t, one round earlier. *)
Definition earlier (t : Z) : list placed :=
  map (fun p => (fst p, if t <? snd p then snd p - 1 else snd p)) v.

(* If nothing runs in round t, moving later starts keeps the capacity: round x holds what it held,
   or what the round after it held. *)
Lemma earlier_fits t x : (forall p, In p v -> runs_in t p = false) -> load B (earlier t) x <= M.
Proof.
  intros idle. etransitivity; [|exact (loads_fit _ _ _ (is_vector _ _ _ _ best)
    (if x <? t then x else x + 1))].
  unfold load, earlier. rewrite sum_map. cbn [fst snd]. apply Z.eq_le_incl, sum_ext.
  intros p here. specialize (idle p here). unfold runs_in in idle.
  destruct (Z.ltb_spec t (snd p)) as [later|now_or_before], (Z.ltb_spec x t) as [past|onwards].
  - rewrite !occ_of_outside by lia. reflexivity.
  - f_equal. lia.
  - reflexivity.
  - apply andb_false_iff in idle. rewrite Z.leb_gt, Z.ltb_ge in idle.
    rewrite !occ_of_outside by lia. reflexivity.
Qed.

(* Each round from the last arrival to the makespan is busy. *)
Lemma always_busy t p : last_arrival requests <= t -> In p v ->
  t < snd p + output_len (fst p) -> exists q, In q v /\ runs_in t q = true.
Proof.
  intros late here unfinished. apply existsb_exists. destruct (existsb _ v) eqn:busy;
    [reflexivity|].
  assert (idle : forall q, In q v -> runs_in t q = false).
  { intros q there. destruct (runs_in t q) eqn:running; [|reflexivity].
    rewrite <- busy. symmetry. apply existsb_exists. eauto. }
  destruct best as [[all started fit] once low].
  assert (cheaper : cost_of (earlier t) <= cost_of v - 1).
  { apply in_split in here as (a & b & same). specialize (idle p).
    rewrite same in idle. specialize (idle ltac:(apply in_app_iff; cbn; auto)).
    unfold runs_in in idle. apply andb_false_iff in idle. rewrite Z.leb_gt, Z.ltb_ge in idle.
    assert (each : forall l, cost_of (map (fun p => (fst p,
      if t <? snd p then snd p - 1 else snd p))
      l) <= cost_of l).
    { intros l. unfold cost_of. rewrite sum_map. apply sum_le. intros q _. cbn [fst snd].
      destruct (t <? snd q); lia. }
    pose proof (each a). pose proof (each b). unfold earlier, cost_of in *.
    rewrite same, map_app, !sum_app. cbn [map sum fst snd].
    unfold placed in *. destruct (Z.ltb_spec t (snd p)); lia. }
  enough (cost_of v <= cost_of (earlier t)) by lia. apply low.
  - constructor; [| |intros x; now apply earlier_fits]; intros q there;
      apply in_map_iff in there as (p' & <- & there); cbn [fst snd]; [auto|].
    specialize (started p' there).
    assert (arrival (fst p') <= last_arrival requests)
      by (apply last_arrival_ge; eapply Permutation_in; [exact once|now apply in_map]).
    destruct (Z.ltb_spec t (snd p')); lia.
  - unfold earlier. rewrite map_map. exact once.
Qed.

(* A run has at most o rounds among those from k on. *)
Lemma rounds_of_run p k n :
  sum (fun t => if runs_in t p then 1 else 0) (rounds_from k n)
  <= Z.max 0 (snd p + output_len (fst p) - Z.max (snd p) k).
Proof.
  revert k. induction n as [|n IH]; intros k; cbn [rounds_from sum]; [lia|].
  specialize (IH (k + 1)). unfold runs_in at 1.
  destruct (Z.leb_spec (snd p) k), (Z.ltb_spec k (snd p + output_len (fst p))); cbn [andb]; lia.
Qed.

(* So no request starts after R + O - o. *)
Lemma none_starts_late p : In p v ->
  snd p <= last_arrival requests + sum output_len requests - output_len (fst p).
Proof.
  intros here. set (R := last_arrival requests). destruct best as [[all _ _] once _].
  assert (each : forall q, In q v -> 1 <= output_len (fst q))
    by (intros q there; now destruct (all q there)).
  rewrite <- (sum_perm _ _ _ once), sum_map.
  assert (some : 0 <= sum (fun q => output_len (fst q)) v)
    by (apply sum_nonneg; intros q there; specialize (each q there); lia).
  set (n := Z.to_nat (snd p + output_len (fst p) - R)).
  assert (count : Z.of_nat n <=
    sum (fun t => sum (fun q => if runs_in t q then 1 else 0) v) (rounds_from R n)).
  { replace (Z.of_nat n) with (sum (fun _ => 1) (rounds_from R n))
      by (generalize R; induction n as [|n IH]; intros k; cbn [rounds_from sum]; [|rewrite IH];
        lia).
    apply sum_le. intros t there. apply in_rounds in there.
    destruct (always_busy t p) as (q & there' & running); [lia|exact here|unfold n in there; lia|].
    apply in_split in there' as (a & b & ->). rewrite sum_app. cbn [sum]. rewrite running.
    assert (none : forall l, 0 <= sum (fun q => if runs_in t q then 1 else 0) l)
      by (intros l; apply sum_nonneg; intros x _; destruct (runs_in t x); lia).
    pose proof (none a). pose proof (none b). lia. }
  rewrite sum_exchange in count.
  enough (sum (fun q => sum (fun t => if runs_in t q then 1 else 0) (rounds_from R n)) v
    <= sum (fun q => output_len (fst q)) v) by (unfold n in *; lia).
  apply sum_le. intros q there. specialize (each q there).
  pose proof (rounds_of_run q R n). lia.
Qed.
End Lemma_7.
