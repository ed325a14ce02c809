"""Loops of nearest neighbours (see neighbours.py): a block of products into sorted candidates, and their exact order."""

import numpy as np

from groprog_kernels._compile import kernel


@kernel
def insert(distance, row, candidate, value):
    # (c,) ascending distances with the rows they belong to; the last one is replaced
    place = distance.shape[0] - 1
    while place > 0 and distance[place - 1] > value:
        distance[place] = distance[place - 1]
        row[place] = row[place - 1]
        place -= 1
    distance[place] = value
    row[place] = candidate


@kernel
def offer(product, first, second, squares, known, distance, rows):
    # a, b = rows of two blocks that start at first <= second; (a, b) inner products; candidates (n, c) of both sides
    last = distance.shape[1] - 1
    for a in range(product.shape[0]):
        i = first + a
        for b in range(a + 1 if first == second else 0, product.shape[1]):
            j = second + b
            value = squares[i] + squares[j] - 2.0 * product[a, b]
            if value < distance[i, last] and known[j]:
                insert(distance[i], rows[i], j, value)
            if value < distance[j, last] and known[i]:
                insert(distance[j], rows[j], i, value)


@kernel
def settle(points, rows, result):
    # n, r = points, c = candidates, k = neighbours: (n, r), (n, c) with -1 for none -> (n, k) in the order of float64 distances
    c, k = rows.shape[1], result.shape[1]
    distance, row = np.empty(c), np.empty(c, np.int64)
    for i in range(points.shape[0]):
        count = 0
        for a in range(c):
            j = rows[i, a]
            if j < 0:
                break
            value = 0.0
            for b in range(points.shape[1]):
                difference = points[i, b] - points[j, b]
                value += difference * difference
            place = count
            while place > 0 and (distance[place - 1] > value or (distance[place - 1] == value and row[place - 1] > j)):
                distance[place] = distance[place - 1]
                row[place] = row[place - 1]
                place -= 1
            distance[place] = value
            row[place] = j
            count += 1
        for a in range(k):
            result[i, a] = row[a] if a < count else i
