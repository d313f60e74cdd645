"""What callers send, read within bounds: bodies, forms, pictures, and parameters of addresses.

It makes values of bytes, or a problem; what the values are for is decided elsewhere. It may import
`api.http`.
"""
