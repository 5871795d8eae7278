(* Arithmetic alone: the inequality between the two costs of T15's family. *)
From Coq Require Import ZArith Lia.
Open Scope Z_scope.

(* The polynomials behind the comparison of the costs. *)
Lemma polynomials u q N k F : 2 <= u -> q = 40 * (u * u * u) -> 2 * N = u * (u + 3) ->
  k = (u + 1) * q -> F = 3 * (u * u) ->
  u * (4 * N * (k + F) + 2 * (k + F) * (k + F) + 4 * (2 * q + F) * (k + F + N + N * u)
    + N * (2 * q + F) * (2 * q + F)) < 8 * N * q * q + 8 * N * k * q + 4 * k * k.
Proof.
  intros two rounds closed kk FF.
  enough (u * (4 * (2 * N) * (k + F) + 4 * (k + F) * (k + F)
      + 4 * (2 * q + F) * (2 * k + 2 * F + 2 * N * (1 + u)) + 2 * N * (2 * q + F) * (2 * q + F))
    < 8 * (2 * N) * q * q + 8 * (2 * N) * k * q + 8 * k * k) by lia.
  rewrite closed, kk, FF. clear closed kk FF k F N.
  assert (more : forall e, 0 <= e -> 0 <= u * e /\ 2 * e <= u * e) by (intros e some; nia).
  destruct (more u ltac:(lia)) as [p2 _]. destruct (more (u * u) p2) as [p3 l3].
  destruct (more _ p3) as [p4 l4]. destruct (more _ p4) as [p5 l5].
  destruct (more _ p5) as [p6 l6]. destruct (more _ p6) as [p7 l7].
  destruct (more _ p7) as [p8 l8]. assert (some_q : 0 <= q) by lia.
  destruct (more _ (Z.mul_nonneg_nonneg _ _ p2 some_q)) as [_ q3].
  destruct (more _ (Z.mul_nonneg_nonneg _ _ p3 some_q)) as [_ q4].
  destruct (more _ (Z.mul_nonneg_nonneg _ _ p4 some_q)) as [_ q5].
  assert (square : u * u * (q * q) = 40 * (u * (u * (u * (u * u))) * q)).
  { rewrite rounds at 1. ring. }
  assert (last : u * (u * (u * (u * u))) * q = 40 * (u * (u * (u * (u * (u * (u * (u * u))))))))
    by (rewrite rounds; ring).
  assert (0 <= u * (q * q)) by (repeat apply Z.mul_nonneg_nonneg; lia).
  assert (0 <= q * q) by (apply Z.mul_nonneg_nonneg; lia).
  assert (0 <= u * (u * (u * (u * (u * (u * u)))))) by exact p7.
  enough (12 * (u * u * (q * q)) + 44 * (u * (q * q)) + 8 * (q * q)
    - 12 * (u * (u * (u * (u * u))) * q) - 96 * (u * (u * (u * u)) * q)
    - 144 * (u * (u * u) * q) - 36 * (u * u * q) - 9 * (u * (u * (u * (u * (u * (u * u))))))
    - 39 * (u * (u * (u * (u * (u * u))))) - 168 * (u * (u * (u * (u * u))))
    - 72 * (u * (u * (u * u))) > 0) as positive.
  { apply Z.lt_0_sub. apply Z.gt_lt in positive. eapply Z.lt_le_trans; [exact positive|].
    apply Z.eq_le_incl. ring. }
  rewrite !Z.mul_assoc in q3, q4, q5. rewrite <- !Z.mul_assoc in *.
  assert (pos8 : 0 < u * (u * (u * (u * (u * (u * (u * u)))))))
    by (repeat apply Z.mul_pos_pos; lia).
  clear more rounds.
  repeat match goal with
  | here : context [u * ?e] |- _ =>
      let a := fresh "a" in remember (u * e) as a eqn:hidden; clear hidden
  end.
  lia.
Qed.

(* From the two costs, for q = 40 * u ^ 3, to the ratio. *)
Lemma costs_compare u q m N n R amin best : 2 <= u -> q = 40 * (u * u * u) -> m = (u + 1) * q ->
  2 * N = u * (u + 3) -> 0 <= n <= m + N + u * u -> 0 <= R <= 2 * q + N + 2 * u ->
  2 * N * (q * q + m * q) + m * m <= 2 * N * amin ->
  4 * N * best <= 4 * N * n + 2 * n * n + 4 * R * (n + N + N * u) + N * R * R ->
  u * best < 2 * amin.
Proof.
  intros two rounds many closed few_ones few_others costs better.
  assert (square : 2 * u <= u * u) by (clear - two; nia).
  assert (some_N : 0 < N <= 2 * (u * u)) by lia.
  pose proof (polynomials u q N m (3 * (u * u)) two rounds closed many eq_refl) as compare.
  set (F := 3 * (u * u)) in *.
  assert (n_F : n <= m + F) by (unfold F; lia). assert (R_F : R <= 2 * q + F) by (unfold F; lia).
  assert (upper : 4 * N * best <= 4 * N * (m + F) + 2 * (m + F) * (m + F)
    + 4 * (2 * q + F) * (m + F + N + N * u) + N * (2 * q + F) * (2 * q + F)).
  { etransitivity; [exact better|].
    assert (N * n <= N * (m + F)) by (apply Z.mul_le_mono_nonneg_l; lia).
    assert (n * n <= (m + F) * (m + F)) by (apply Z.mul_le_mono_nonneg; lia).
    assert (0 <= N * u) by (apply Z.mul_nonneg_nonneg; lia).
    assert (R * (n + N + N * u) <= (2 * q + F) * (m + F + N + N * u))
      by (apply Z.mul_le_mono_nonneg; lia).
    assert (R * R <= (2 * q + F) * (2 * q + F)) by (apply Z.mul_le_mono_nonneg; lia).
    assert (N * (R * R) <= N * ((2 * q + F) * (2 * q + F)))
      by (apply Z.mul_le_mono_nonneg_l; lia).
    lia. }
  apply (Z.mul_le_mono_nonneg_l _ _ u) in upper; [|lia].
  assert (4 * N * (u * best) < 4 * N * (2 * amin)) as scaled by lia.
  apply Z.mul_lt_mono_pos_l in scaled; [exact scaled|lia].
Qed.
