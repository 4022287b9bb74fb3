import type { createAuthClient } from "better-auth/react";
import { useState } from "react";

export function SignIn({ auth }: { auth: ReturnType<typeof createAuthClient> }) {
  const [problem, setProblem] = useState("");
  const submit = async (form: FormData, isNew: boolean) => {
    const email = String(form.get("email"));
    const password = String(form.get("password"));
    const [name = email] = email.split("@");
    const { error } = isNew
      ? await auth.signUp.email({ email, password, name })
      : await auth.signIn.email({ email, password });
    setProblem(error?.message ?? "");
  };
  return (
    <form>
      <h1>Games</h1>
      <label>
        E-mail <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password <input name="password" type="password" minLength={8} required />
      </label>
      <button formAction={(form) => submit(form, false)}>Sign in</button>{" "}
      <button formAction={(form) => submit(form, true)}>Sign up</button>
      <p role="alert">{problem}</p>
    </form>
  );
}
