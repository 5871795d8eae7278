"""Broken code on purpose: can the suite fail, and does the right theorem's test notice?"""
