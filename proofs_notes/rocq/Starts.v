(* Start vectors: what is left of a valid schedule without its evicted runs (Lemma 6). *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Certificate.
From AminRef.facts Require Import Sums Lists Blocks.
Import ListNotations.
Open Scope Z_scope.

(* A request and the round in which its completed run starts. *)
Definition placed : Type := request * Z.

(* What the requests of a vector occupy in round t. *)
Definition load (B : Z) (v : list placed) (t : Z) : Z :=
  sum (fun p => occ_of B (fst p) (t - snd p)) v.

(* No request starts before its arrival, and no round holds more than M. *)
Record start_vector (M B : Z) (v : list placed) : Prop := StartVector {
  placed_sane : forall p, In p v -> sane M B (fst p);
  placed_late : forall p, In p v -> arrival (fst p) <= snd p;
  loads_fit : forall t, load B v t <= M }.

(* The total latency of a start vector. *)
Definition cost_of (v : list placed) : Z :=
  sum (fun p => snd p + output_len (fst p) - arrival (fst p)) v.

(* The start vector of a schedule. *)
Definition starts_of (s : list run) : list placed :=
  map (fun x => (of x, start x)) (filter completed s).

(* A start vector as a schedule. *)
Definition as_runs (v : list placed) : list run :=
  map (fun p => Run (fst p) (snd p) (snd p + output_len (fst p)) true) v.

(* What a request occupies is not negative. *)
Lemma occ_of_nonneg M B r k : 1 <= B -> sane M B r -> 0 <= occ_of B r k.
Proof.
  intros block [some _ _ _ _ _]. unfold occ_of. destruct (_ && _) eqn:inside; [|lia].
  apply andb_prop in inside as [begun _]. apply Z.leb_le in begun. apply occ_nonneg; lia.
Qed.

(* Runs of requests with distinct ids are apart. *)
Lemma apart_by_id s : NoDup (map (fun x => id (of x)) s) -> ForallOrdPairs apart s.
Proof.
  induction s as [|x s IH]; cbn [map]; intros distinct; [constructor|].
  apply NoDup_cons_iff in distinct as [new distinct]. constructor; [|auto].
  apply Forall_forall. intros y here same. exfalso. apply new. rewrite same.
  apply (in_map (fun z => id (of z))). exact here.
Qed.

Section Starts.
Variables M B : Z.
Hypothesis some_block : 1 <= B.

(* A part of a start vector is one. *)
Lemma part_of_vector q v : start_vector M B v -> start_vector M B (filter q v).
Proof.
  intros [all late fit]. constructor.
  - intros p here. apply filter_In in here as [here _]. auto.
  - intros p here. apply filter_In in here as [here _]. auto.
  - intros t. etransitivity; [|apply (fit t)]. apply sum_filter_le. intros p here.
    apply (occ_of_nonneg M); auto.
Qed.

(* What requests occupy together is a whole number of blocks. *)
Lemma load_in_blocks v t : exists q, load B v t = B * q.
Proof.
  unfold load. induction v as [|p v [q whole]]; cbn [sum]; [exists 0; lia|]. rewrite whole.
  unfold occ_of. destruct (_ && _); [|now exists q]. unfold occ. eexists.
  rewrite <- Z.mul_add_distr_l. reflexivity.
Qed.

(* So start vectors respect M', the capacity in whole blocks. *)
Lemma load_usable v t : start_vector M B v -> load B v t <= usable M B.
Proof.
  intros [_ _ fit]. specialize (fit t). destruct (load_in_blocks v t) as [q whole].
  rewrite whole in *. unfold usable. apply Z.mul_le_mono_nonneg_l; [lia|].
  apply Z.div_le_lower_bound; lia.
Qed.

(* Lemma 6, first half: the completed runs of a valid schedule are a start vector. *)
Lemma starts_of_valid requests s : sane_instance M B requests -> valid M B requests s ->
  start_vector M B (starts_of s) /\ Permutation (map fst (starts_of s)) requests /\
  cost_of (starts_of s) = total_latency s.
Proof.
  intros instance V. unfold starts_of.
  assert (from_s : forall x, In x (filter completed s) -> In x s /\ completed x = true)
    by (intros x here; now apply filter_In).
  split; [constructor|split].
  - intros p here. apply in_map_iff in here as (x & <- & here). cbn [fst].
    apply (valid_sane M B requests instance s x V). now apply from_s.
  - intros p here. apply in_map_iff in here as (x & <- & here). cbn [fst snd].
    apply (not_before_arrival _ _ _ _ V). now apply from_s.
  - intros t. unfold load. rewrite sum_map. cbn [fst snd].
    etransitivity; [apply (completed_fit M B some_block requests instance s t V)|].
    apply Z.mul_div_le. lia.
  - rewrite map_map. exact (completes_once _ _ _ _ V).
  - unfold cost_of, total_latency. rewrite sum_map. cbn [fst snd]. apply sum_ext. intros x here.
    apply from_s in here as [here done].
    pose proof (completed_length _ _ _ _ V x here done). lia.
Qed.

(* A start vector in the order of the requests. *)
Lemma in_their_order v requests : start_vector M B v -> Permutation (map fst v) requests ->
  exists v', map fst v' = requests /\ start_vector M B v' /\ cost_of v' = cost_of v.
Proof.
  intros [all late fit] order. apply Permutation_sym, Permutation_map_inv in order.
  destruct order as (v' & -> & order).
  exists v'. split; [reflexivity|]. split; [|unfold cost_of; now rewrite <- (sum_perm _ _ _ order)].
  assert (there : forall p, In p v' -> In p v) by (intros p; apply Permutation_in; now symmetry).
  constructor; auto. intros t. unfold load. rewrite <- (sum_perm _ _ _ order). apply fit.
Qed.

(* Lemma 6, first half, in the order of the requests. *)
Lemma vector_in_order requests s : sane_instance M B requests -> valid M B requests s ->
  exists v, map fst v = requests /\ start_vector M B v /\ cost_of v = total_latency s.
Proof.
  intros instance V. destruct (starts_of_valid requests s instance V) as (vector & once & <-).
  exact (in_their_order _ requests vector once).
Qed.

(* Lemma 6, second half: a start vector is a valid schedule without evictions, of the same cost. *)
Lemma as_runs_valid requests v : sane_instance M B requests -> start_vector M B v ->
  Permutation (map fst v) requests ->
  valid M B requests (as_runs v) /\ total_latency (as_runs v) = cost_of v.
Proof.
  intros instance [all late fit] once.
  assert (done : filter completed (as_runs v) = as_runs v).
  { apply filter_all. intros x here. apply in_map_iff in here as (p & <- & _). reflexivity. }
  assert (requests_of : map of (as_runs v) = map fst v) by (unfold as_runs; now rewrite map_map).
  assert (each : forall x, In x (as_runs v) -> completed x = true /\
    stop x - start x = output_len (of x) /\ arrival (of x) <= start x).
  { intros x here. apply in_map_iff in here as (p & <- & here). cbn. specialize (late p here).
    repeat split; lia. }
  split.
  - constructor.
    + now rewrite done, requests_of.
    + intros x here _. now apply each.
    + intros x here out. destruct (each x here). congruence.
    + intros x here. now apply each.
    + apply apart_by_id. rewrite <- (map_map of id), requests_of.
      eapply Permutation_NoDup; [symmetry; apply Permutation_map, once|].
      exact (distinct_ids _ _ _ instance).
    + intros t. etransitivity; [|apply (fit t)]. unfold occupancy, load, as_runs.
      rewrite sum_map. apply Z.eq_le_incl, sum_ext. intros p here.
      rewrite holds_in_completed; cbn; [reflexivity|lia].
  - unfold total_latency. rewrite done. unfold as_runs, cost_of. now rewrite sum_map.
Qed.
End Starts.
