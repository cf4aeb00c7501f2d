"""Which rows a spec asks for, what each samples, and the requests that fill it; pure."""
